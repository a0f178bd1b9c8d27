import type { Command } from "commander";
import { FleetClient } from "./client.ts";
import { isLoopback } from "./connection.ts";
import { required, wrongUsage } from "./exit.ts";
import { printable, printableJson } from "./printable.ts";
import type { Surroundings } from "./surroundings.ts";

/** The options that every command takes. */
export interface GlobalOptions {
  url?: string;
  key?: string;
  json?: boolean;
}

/** What a command works with: the fleet, and a voice that is safe for terminals. */
export interface Session {
  surroundings: Surroundings;
  json: boolean;
  /** Made on first use, so that commands without a fleet need no key. */
  client(): FleetClient;
  /** Prints text for people; control characters are taken out. */
  say(text: string): void;
  /** Prints one JSON value on a line. */
  emit(value: unknown): void;
}

const defaultUrl = "http://127.0.0.1:8787";

export function openSession(command: Command, surroundings: Surroundings): Session {
  const options = command.optsWithGlobals<GlobalOptions>();
  return sessionOf(() => connect(options, surroundings), surroundings, options.json === true);
}

/** A session with a fleet that is known already, for programs that use the commands' parts. */
export function sessionWith(client: FleetClient, surroundings: Surroundings): Session {
  return sessionOf(() => client, surroundings, false);
}

function sessionOf(client: () => FleetClient, surroundings: Surroundings, json: boolean): Session {
  return {
    surroundings,
    json,
    client,
    say: (text) => surroundings.write(`${printable(text)}\n`),
    emit: (value) => surroundings.write(`${printableJson(value)}\n`),
  };
}

function connect(options: GlobalOptions, { environment, fetch }: Surroundings): FleetClient {
  const url = (options.url ?? environment.FLEET_URL ?? defaultUrl).replace(/\/+$/, "");
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw wrongUsage(`--url must be an http or https address, such as ${defaultUrl}`);
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
  return new FleetClient({ url, key, fetch });
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
  if (kindOf(id) === "task") required(await client.task(id));
  else required(await client.batch(id));
}
