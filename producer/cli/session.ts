import type { Command } from "commander";
import type { FleetClient } from "../client/index.ts";
import { connectTo, isLoopback } from "./connection.ts";
import type { CliContext } from "./context.ts";
import { unwrap, usageError } from "./exit.ts";
import { printable, printableJson } from "./output/printable.ts";

/** The options of every command. */
export interface GlobalOptions {
  url?: string;
  key?: string;
  json?: boolean;
}

/** What a command works with: a fleet, and output that is safe for terminals. */
export interface Session {
  context: CliContext;
  json: boolean;
  /** Created on first use, so that commands without a fleet need no key. */
  client(): FleetClient;
  /** The fleet's address. */
  readonly url: string;
  /** ` --url <address>` where the command had it, for commands that are printed; else empty. */
  readonly urlOption: string;
  /** Prints text; control characters are removed. */
  print(text: string): void;
  /** Prints one JSON value on a line. */
  printJson(value: unknown): void;
}

export interface Connection {
  url: string;
  client: FleetClient;
}

const defaultUrl = "http://127.0.0.1:8787";

export function openSession(command: Command, context: CliContext): Session {
  const options = command.optsWithGlobals<GlobalOptions>();
  const { url, json } = options;
  const urlOption = url === undefined ? "" : ` --url ${url}`;
  return createSession(() => connect(options, context), context, json === true, urlOption);
}

/** A session with a known fleet, for programs that use parts of the CLI. */
export function sessionFor(connection: Connection, context: CliContext): Session {
  return createSession(() => connection, context, false);
}

function createSession(
  connection: () => Connection,
  context: CliContext,
  json: boolean,
  urlOption = "",
): Session {
  return {
    context,
    json,
    urlOption,
    client: () => connection().client,
    get url() {
      return connection().url;
    },
    print: (text) => context.write(`${printable(text)}\n`),
    printJson: (value) => context.write(`${printableJson(value)}\n`),
  };
}

/** Ends the command if the address or the key is unusable. */
export function connect(options: GlobalOptions, { environment, fetch }: CliContext): Connection {
  const url = (options.url ?? environment.FLEET_URL ?? defaultUrl).replace(/\/+$/, "");
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw usageError(`--url or FLEET_URL must be an http or https address, such as ${defaultUrl}`);
  }
  // The default key is only for local runs: it is never sent to another machine.
  const key = options.key ?? environment.FLEET_API_KEY ?? (isLoopback(url) ? "dev-key" : "");
  if (key === "") throw usageError(`${url} needs a key: set FLEET_API_KEY or pass --key`);
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw usageError("the key has spaces or other characters that no key has: check FLEET_API_KEY");
  }
  if (url.startsWith("http:") && !isLoopback(url)) {
    throw usageError(`the key would be sent unencrypted to ${url}: use https`);
  }
  return { url, client: connectTo({ url, key, fetch }) };
}

/** `task` or `batch`, by the prefix of the id. */
export function kindOf(id: string): "task" | "batch" {
  if (id.startsWith("task_")) return "task";
  if (id.startsWith("batch_")) return "batch";
  throw usageError(`"${id}" is not an id: ids start with task_ or batch_`);
}

/** The id of a task; a batch's id is a usage error. */
export function taskId(id: string): string {
  if (kindOf(id) === "task") return id;
  throw usageError(`${id} is a batch: name one of its tasks`);
}

/** Ends the command if the task or batch does not exist: a listing of it would just be empty. */
export async function mustExist(session: Session, id: string): Promise<void> {
  const client = session.client();
  if (kindOf(id) === "task") unwrap(await client("GET /v1/tasks/:id", { id }));
  else unwrap(await client("GET /v1/batches/:id", { id }));
}
