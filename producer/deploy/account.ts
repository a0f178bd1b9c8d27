/** What a deploy must know about the account before it changes anything. It only reads. */
import { DeployError, parseJsonIn, type Wrangler } from "./wrangler.ts";

/** `result` is null if the status is not 200. */
export type ReadApi = (path: string) => Promise<{ status: number; result: unknown }>;

/** Reads Cloudflare's API with wrangler's own sign-in, for what no wrangler command prints. */
export function createReadApi(wrangler: Wrangler, baseUrl: string): ReadApi {
  let headers: Promise<Record<string, string>> | null = null;
  return async (path) => {
    headers ??= authHeaders(wrangler);
    try {
      const response = await fetch(`${baseUrl}${path}`, { headers: await headers });
      const body = response.ok ? ((await response.json()) as { result: unknown }) : null;
      return { status: response.status, result: body?.result ?? null };
    } catch (error) {
      if (error instanceof DeployError) throw error;
      throw new DeployError(`cannot read ${baseUrl}${path}: ${String(error)}`);
    }
  };
}

async function authHeaders(wrangler: Wrangler): Promise<Record<string, string>> {
  const { ok, output } = await wrangler(["auth", "token", "--json"]);
  // The output of a run that failed has no token.
  if (!ok) throw new DeployError(`wrangler auth token failed:\n${output.trim()}`);
  const { token, key, email } = parseJsonIn(output) as Record<string, string | undefined>;
  if (token !== undefined) return { authorization: `Bearer ${token}` };
  return { "x-auth-key": key ?? "", "x-auth-email": email ?? "" };
}

const signInHelp =
  "wrangler is not signed in: run npx wrangler login, or set CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID";

/** The id of the account. With several accounts the user must choose: a guess could deploy to the wrong one. */
export async function findAccount(
  wrangler: Wrangler,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const { ok, output } = await wrangler(["whoami", "--json"]);
  if (!ok) throw new DeployError(signInHelp);
  if (environment.CLOUDFLARE_ACCOUNT_ID) return environment.CLOUDFLARE_ACCOUNT_ID;
  const { accounts = [] } = parseJsonIn(output) as { accounts?: { id: string; name: string }[] };
  const [first] = accounts;
  if (first !== undefined && accounts.length === 1) return first.id;
  const list = accounts.map(({ id, name }) => `\n  ${id}  ${name}`).join("");
  throw new DeployError(
    first === undefined
      ? "wrangler's sign-in lists no account: set CLOUDFLARE_ACCOUNT_ID"
      : `wrangler's sign-in has several accounts: set CLOUDFLARE_ACCOUNT_ID to one of them${list}`,
  );
}

export interface DeployedWorker {
  /** The tag of its last Durable Object migration. */
  migrationTag: string | null;
  /** The names of its bindings, vars included. */
  bindings: ReadonlySet<string>;
}

/** Null if the account has no Worker of this name. Rejects a Worker that is not a fleet's. */
export async function readWorker(
  api: ReadApi,
  account: string,
  name: string,
): Promise<DeployedWorker | null> {
  const service = await api(`/accounts/${account}/workers/services/${name}`);
  if (service.status === 404) return null;
  const settings = await api(`/accounts/${account}/workers/scripts/${name}/settings`);
  for (const { status } of [service, settings]) {
    if (status !== 200) throw new DeployError(`cannot read the Worker ${name}: status ${status}`);
  }
  const { bindings = [] } = settings.result as { bindings?: { name: string }[] };
  const names = new Set(bindings.map((binding) => binding.name));
  if (!names.has("FLEET_MODE")) {
    throw new DeployError(
      `the account has a Worker ${name} that is not a fleet's (it has no variable FLEET_MODE): deploy with another --environment`,
    );
  }
  const { default_environment } = service.result as {
    default_environment?: { script?: { migration_tag?: string } };
  };
  return { migrationTag: default_environment?.script?.migration_tag ?? null, bindings: names };
}

/** The consumers of a queue, such as `worker:<name>`; null if the account has no queue of this name. */
export async function readConsumers(
  api: ReadApi,
  account: string,
  name: string,
): Promise<string[] | null> {
  const query = new URLSearchParams({ page: "1", name });
  const { status, result } = await api(`/accounts/${account}/queues?${query}`);
  if (status !== 200) throw new DeployError(`cannot read the queue ${name}: status ${status}`);
  const queues = result as {
    queue_name: string;
    consumers?: { type: string; script?: string }[];
  }[];
  const queue = queues.find(({ queue_name }) => queue_name === name);
  if (queue === undefined) return null;
  return (queue.consumers ?? []).map(({ type, script }) => `${type}:${script ?? ""}`);
}
