import type { Command } from "commander";
import type { Fleet } from "../client/index.ts";
import { fleetFor, isLoopback } from "./connection.ts";
import { required, wrongUsage } from "./exit.ts";
import { printable, printableJson } from "./output/printable.ts";
import type { CliContext } from "./surroundings.ts";

/** The options that every command takes. */
export interface GlobalOptions {
  url?: string;
  key?: string;
  json?: boolean;
}

/** What a command works with: the fleet, and a voice that is safe for terminals. */
export interface Session {
  surroundings: CliContext;
  json: boolean;
  /** Made on first use, so that commands without a fleet need no key. */
  client(): Fleet;
  /** Where that fleet is. */
  readonly url: string;
  /** Prints text for people; control characters are taken out. */
  say(text: string): void;
  /** Prints one JSON value on a line. */
  emit(value: unknown): void;
}

/** A fleet and its address. */
export interface FleetAt {
  url: string;
  client: Fleet;
}

const defaultUrl = "http://127.0.0.1:8787";

export function openSession(command: Command, surroundings: CliContext): Session {
  const options = command.optsWithGlobals<GlobalOptions>();
  return sessionOf(() => connect(options, surroundings), surroundings, options.json === true);
}

/** A session with a fleet that is known already, for programs that use the commands' parts. */
export function sessionWith(known: FleetAt, surroundings: CliContext): Session {
  return sessionOf(() => known, surroundings, false);
}

function sessionOf(at: () => FleetAt, surroundings: CliContext, json: boolean): Session {
  return {
    surroundings,
    json,
    client: () => at().client,
    get url() {
      return at().url;
    },
    say: (text) => surroundings.write(`${printable(text)}\n`),
    emit: (value) => surroundings.write(`${printableJson(value)}\n`),
  };
}

/** Ends the command where there is no usable address or key. */
export function connect(options: GlobalOptions, { environment, fetch }: CliContext): FleetAt {
  const url = (options.url ?? environment.FLEET_URL ?? defaultUrl).replace(/\/+$/, "");
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw wrongUsage(`--url or FLEET_URL must be an http or https address, such as ${defaultUrl}`);
  }
  const set = options.key ?? environment.FLEET_API_KEY;
  // The default key belongs to local runs alone: no other machine is ever sent it.
  const key = set ?? (isLoopback(url) ? "dev-key" : undefined);
  if (key === undefined || key === "") {
    throw wrongUsage(`${url} needs a key: set FLEET_API_KEY or pass --key`);
  }
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw wrongUsage("the key holds spaces or characters that no key has: check FLEET_API_KEY");
  }
  if (url.startsWith("http:") && !isLoopback(url)) {
    throw wrongUsage(`the key would travel unencrypted to ${url}: use https`);
  }
  return { url, client: fleetFor({ url, key, fetch }) };
}

/** `task` or `batch` by the id's prefix. */
export function kindOf(id: string): "task" | "batch" {
  if (id.startsWith("task_")) return "task";
  if (id.startsWith("batch_")) return "batch";
  throw wrongUsage(`"${id}" is no id: ids start with task_ or batch_`);
}

/** A task or a batch that is not there is an error, not an empty list. */
export async function mustExist(session: Session, id: string): Promise<void> {
  const client = session.client();
  if (kindOf(id) === "task") required(await client("GET /v1/tasks/:id", { id: id }));
  else required(await client("GET /v1/batches/:id", { id: id }));
}
