import { type Command, InvalidArgumentError } from "commander";
import type { KeyResponse } from "../../../api/keys/responses.ts";
import { scopes } from "../../../auth/principal.ts";
import type { Bind } from "../../bind.ts";
import { jsonBody } from "../../connection.ts";
import { type ExitCode, exit, unwrap, usageError } from "../../exit.ts";
import { readJson } from "../../input.ts";
import { table } from "../../output/table.ts";
import { readAllPages } from "../../pages.ts";
import type { Session } from "../../session.ts";

interface Options {
  scopes?: string;
  tenant?: string;
  expires?: string;
  rpm?: number;
  backlog?: number;
  defaults?: string;
}

export function addKeys(program: Command, bind: Bind): void {
  const keys = program.command("keys").description("API keys: create, list, revoke");
  keys
    .command("create <name>")
    .description("create a key and print it; it is shown only once")
    .option("--scopes <list>", `comma-separated: ${scopes.join(", ")} (default submit,read)`)
    .option("--tenant <tenant>", "the tenant of its tasks (only the fleet's own key can set it)")
    .option("--expires <time>", "ISO 8601 with a time zone, such as 2027-01-01T00:00:00Z")
    .option("--rpm <n>", "maximum calls per minute", parsePositive)
    .option(
      "--backlog <n>",
      "maximum unsettled tasks; beyond it, new tasks are rejected",
      parsePositive,
    )
    .option("--defaults <file>", "default task fields for OpenAI-compatible requests, as JSON")
    .action(
      bind(async (session, name: string, options: Options) => createKey(session, name, options)),
    );
  keys
    .command("list", { isDefault: true })
    .description("list the keys without their secrets")
    .action(
      bind(async (session) => {
        const keys = await listKeys(session);
        if (session.json) for (const key of keys) session.printJson(key);
        else if (keys.length === 0) session.print("No keys other than the fleet's own.");
        else printTable(session, keys);
        return exit.ok;
      }),
    );
  keys
    .command("revoke <id>")
    .description("revoke a key permanently: its next call is rejected")
    .action(
      bind(async (session, idOrKey: string) => {
        // The whole key is accepted too; its secret is not sent.
        const id = idOrKey.split(".")[0] ?? idOrKey;
        const key = unwrap(await session.client()("DELETE /v1/keys/:id", { id }));
        if (session.json) session.printJson(key);
        else session.print(`${key.id} (${key.name}) is revoked`);
        return exit.ok;
      }),
    );
}

function parsePositive(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new InvalidArgumentError("use a whole number above 0.");
}

async function createKey(session: Session, name: string, options: Options): Promise<ExitCode> {
  const scopeNames = options.scopes?.split(",").map((scope) => scope.trim());
  const unknown = scopeNames?.find((scope) => !scopes.some((knownScope) => knownScope === scope));
  if (unknown !== undefined) {
    throw usageError(`--scopes ${unknown}: the scopes are ${scopes.join(", ")}`);
  }
  const order = jsonBody({
    name,
    scopes: scopeNames,
    tenant: options.tenant,
    expires_at: options.expires,
    requests_per_minute: options.rpm,
    backlog: options.backlog,
    defaults:
      options.defaults === undefined
        ? undefined
        : await readJson(options.defaults, session.context),
  });
  const newKey = unwrap(await session.client()("POST /v1/keys", order));
  if (session.json) session.printJson(newKey);
  else {
    const until = newKey.expires_at === null ? "" : `, until ${newKey.expires_at}`;
    session.print(newKey.key);
    session.context.warn(
      `This key is shown only once. ${newKey.id} (${newKey.name}): tenant ${newKey.tenant}, ${newKey.scopes.join(", ")}${until}\n`,
    );
  }
  return exit.ok;
}

const listKeys = (session: Session): Promise<KeyResponse[]> =>
  readAllPages(async (cursor) => {
    const query = cursor === null ? {} : { cursor };
    const { keys, next_cursor } = unwrap(await session.client()("GET /v1/keys", { query }));
    return { page: keys, next_cursor };
  });

function printTable(session: Session, keys: readonly KeyResponse[]): void {
  const rows = keys.map((key) => [
    key.id,
    key.name,
    key.tenant,
    key.scopes.join(" "),
    key.last_used_at ?? "never",
    stateOf(key, session.context.now()),
  ]);
  const head = ["key", "name", "tenant", "scopes", "last used", "state"];
  session.context.write(`${table(head, rows, session.context)}\n`);
}

function stateOf({ revoked_at, expires_at }: KeyResponse, now: number): string {
  if (revoked_at !== null) return "revoked";
  if (expires_at === null) return "valid";
  return Date.parse(expires_at) <= now ? "expired" : `until ${expires_at}`;
}
