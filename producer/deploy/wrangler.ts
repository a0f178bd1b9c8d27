/** Runs wrangler: the only way by which a deploy touches an account. */
import { spawn } from "node:child_process";
import path from "node:path";
import type { Resource } from "./resources.ts";

/** What a run of wrangler said. `output` holds both of its streams. */
export interface Ran {
  ok: boolean;
  output: string;
}

/** `input` goes to standard input: a secret never stands in an argument, which others can list. */
export type Wrangler = (words: readonly string[], input?: string) => Promise<Ran>;

export function wranglerOf(root: string): Wrangler {
  const program = path.join(root, "node_modules/wrangler/bin/wrangler.js");
  return (words, input) =>
    new Promise((resolve) => {
      const child = spawn(process.execPath, [program, ...words], {
        cwd: root,
        stdio: ["pipe", "pipe", "pipe"],
        env: { ...process.env, WRANGLER_SEND_METRICS: "false", NO_COLOR: "1", CI: "true" },
      });
      let output = "";
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding("utf8").on("data", (text: string) => {
          output += text;
        });
      }
      child.on("error", (error) => resolve({ ok: false, output: error.message }));
      child.on("close", (code) => resolve({ ok: code === 0, output }));
      // A wrangler that ends early closes its end; its output says why.
      child.stdin.on("error", () => undefined);
      child.stdin.end(input ?? "");
    });
}

/** A call that did not do what was asked, in words for a person. Caught in one place, in index.ts. */
export class Refused extends Error {}

export async function insist(
  wrangler: Wrangler,
  words: readonly string[],
  input?: string,
): Promise<string> {
  const { ok, output } = await wrangler(words, input);
  if (ok) return output;
  throw new Refused(`wrangler ${words.join(" ")} failed:\n${output.trim()}`);
}

/** The account's databases, name to id. */
export async function databaseIds(wrangler: Wrangler): Promise<Map<string, string>> {
  const output = await insist(wrangler, ["d1", "list", "--json"]);
  const found = jsonIn(output) as { name: string; uuid: string }[];
  return new Map(found.map(({ name, uuid }) => [name, uuid]));
}

const lookUp = { bucket: ["r2", "bucket", "info"], queue: ["queues", "info"] } as const;
const absent = /does not exist|not found|no such|10006|11000/i;

/** Whether the account has it. What is neither yes nor no stops the deploy: a guess would make a second one. */
export async function hasResource(
  wrangler: Wrangler,
  { kind, name }: Resource,
  databases: ReadonlyMap<string, string>,
): Promise<boolean> {
  if (kind === "database") return databases.has(name);
  const words = [...lookUp[kind], name];
  const { ok, output } = await wrangler(words);
  if (ok) return true;
  if (absent.test(output)) return false;
  throw new Refused(`wrangler ${words.join(" ")} failed:\n${output.trim()}`);
}

const create = {
  database: ["d1", "create"],
  bucket: ["r2", "bucket", "create"],
  queue: ["queues", "create"],
} as const;

export async function createResource(wrangler: Wrangler, { kind, name }: Resource): Promise<void> {
  await insist(wrangler, [...create[kind], name]);
}

/** The names of a Worker's secrets; a Worker that is not there yet has none. */
export async function secretNames(wrangler: Wrangler, worker: string): Promise<Set<string>> {
  const { ok, output } = await wrangler(["secret", "list", "--name", worker, "--format", "json"]);
  if (!ok && !/10007|does not exist|not found/i.test(output)) {
    throw new Refused(`The secrets of ${worker} cannot be listed:\n${output.trim()}`);
  }
  const found = ok ? (jsonIn(output) as { name: string }[]) : [];
  return new Set(found.map(({ name }) => name));
}

/** The JSON in an output that may begin with a banner. */
function jsonIn(output: string): unknown {
  const from = output.search(/[[{]/);
  const to = Math.max(output.lastIndexOf("]"), output.lastIndexOf("}"));
  try {
    return JSON.parse(output.slice(from, to + 1));
  } catch {
    throw new Refused(`wrangler answered something that is not JSON:\n${output.trim()}`);
  }
}
