import { type Command, InvalidArgumentError } from "commander";
import type { KeyAnswer } from "../../api/fleet_responses.ts";
import { scopes } from "../../auth/principal.ts";
import { asSent } from "../connection.ts";
import { type ExitCode, exit, required, wrongUsage } from "../exit.ts";
import { jsonFile } from "../input.ts";
import { table } from "../output/table.ts";
import type { Bind } from "../program.ts";
import type { Session } from "../session.ts";

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
    .description("make a key and show it, this once")
    .option("--scopes <list>", `by comma, of ${scopes.join(", ")} (submit,read unless said)`)
    .option("--tenant <tenant>", "whose tasks it is for (the fleet's own key alone may say so)")
    .option("--expires <time>", "ISO 8601 with a zone, such as 2027-01-01T00:00:00Z")
    .option("--rpm <n>", "calls a minute that it may make", whole)
    .option("--backlog <n>", "live tasks beyond which it may add no more", whole)
    .option("--defaults <file>", "task fields for requests in OpenAI's shape, as JSON")
    .action(
      bind(async (session, name: string, options: Options) => create(session, name, options)),
    );
  keys
    .command("list", { isDefault: true })
    .description("list the keys, without their secrets")
    .action(
      bind(async (session) => {
        const all = await everyKey(session);
        if (session.json) for (const key of all) session.emit(key);
        else if (all.length === 0) session.say("No keys besides the fleet's own.");
        else showTable(session, all);
        return exit.done;
      }),
    );
  keys
    .command("revoke <id>")
    .description("end a key for good: its next call is refused")
    .action(
      bind(async (session, id: string) => {
        // The whole key is what people have at hand; its secret need not travel.
        const key = required(
          await session.client()("DELETE /v1/keys/:id", { id: id.split(".")[0] ?? id }),
        );
        if (session.json) session.emit(key);
        else session.say(`${key.id} (${key.name}) is revoked`);
        return exit.done;
      }),
    );
}

function whole(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new InvalidArgumentError("write a whole number above 0.");
}

async function create(session: Session, name: string, options: Options): Promise<ExitCode> {
  const named = options.scopes?.split(",").map((scope) => scope.trim());
  const wrong = named?.find((scope) => !scopes.some((known) => known === scope));
  if (wrong !== undefined) {
    throw wrongUsage(`--scopes ${wrong}: the scopes are ${scopes.join(", ")}`);
  }
  const made = required(
    await session.client()(
      "POST /v1/keys",
      asSent({
        name,
        scopes: named,
        tenant: options.tenant,
        expires_at: options.expires,
        requests_per_minute: options.rpm,
        backlog: options.backlog,
        defaults:
          options.defaults === undefined
            ? undefined
            : await jsonFile(options.defaults, session.surroundings),
      }),
    ),
  );
  if (session.json) session.emit(made);
  else {
    session.say(`${made.key}`);
    session.surroundings.warn(
      `This is shown once. ${made.id} (${made.name}): tenant ${made.tenant}, ${made.scopes.join(", ")}${made.expires_at === null ? "" : `, until ${made.expires_at}`}\n`,
    );
  }
  return exit.done;
}

async function everyKey(session: Session): Promise<KeyAnswer[]> {
  const all: KeyAnswer[] = [];
  let cursor: string | null = null;
  do {
    const page: { keys: KeyAnswer[]; next_cursor: string | null } = required(
      await session.client()("GET /v1/keys", cursor === null ? {} : { query: { cursor } }),
    );
    all.push(...page.keys);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return all;
}

function showTable(session: Session, all: readonly KeyAnswer[]): void {
  const rows = all.map((key) => [
    key.id,
    key.name,
    key.tenant,
    key.scopes.join(" "),
    key.last_used_at ?? "never",
    stateOf(key, session.surroundings.now()),
  ]);
  const head = ["key", "name", "tenant", "scopes", "last used", "state"];
  session.surroundings.write(`${table(head, rows, session.surroundings)}\n`);
}

function stateOf({ revoked_at, expires_at }: KeyAnswer, now: number): string {
  if (revoked_at !== null) return "revoked";
  if (expires_at === null) return "valid";
  return Date.parse(expires_at) <= now ? "expired" : `until ${expires_at}`;
}
