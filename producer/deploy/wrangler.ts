/** Runs wrangler: a deploy changes an account only through it. */
import { spawn } from "node:child_process";
import path from "node:path";
import { compileCache } from "../local/environment.ts";
import type { Resource } from "./resources.ts";

/** `output` has both streams. */
export interface WranglerRun {
  ok: boolean;
  output: string;
}

/** `input` is standard input: a secret is never an argument, because other users can list arguments. */
export type Wrangler = (args: readonly string[], input?: string) => Promise<WranglerRun>;

export function createWrangler(root: string): Wrangler {
  const program = path.join(root, "node_modules/wrangler/bin/wrangler.js");
  return (args, input) =>
    new Promise((resolve) => {
      const child = spawn(process.execPath, [program, ...args], {
        cwd: root,
        stdio: ["pipe", "pipe", "pipe"],
        env: {
          ...process.env,
          NODE_COMPILE_CACHE: compileCache,
          WRANGLER_SEND_METRICS: "false",
          NO_COLOR: "1",
          CI: "true",
        },
      });
      let output = "";
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding("utf8").on("data", (text: string) => {
          output += text;
        });
      }
      child.on("error", (error) => resolve({ ok: false, output: error.message }));
      child.on("close", (code) => resolve({ ok: code === 0, output }));
      // If wrangler exits early, its output says why.
      child.stdin.on("error", () => undefined);
      child.stdin.end(input ?? "");
    });
}

/** Ends the deploy; the message is for the user. Caught only in index.ts. */
export class DeployError extends Error {}

/** The output of a run that must succeed. */
export async function runOrThrow(
  wrangler: Wrangler,
  args: readonly string[],
  input?: string,
): Promise<string> {
  const { ok, output } = await wrangler(args, input);
  if (ok) return output;
  throw new DeployError(`wrangler ${args.join(" ")} failed:\n${output.trim()}`);
}

/** The account's databases, name to id. */
export async function databaseIds(wrangler: Wrangler): Promise<Map<string, string>> {
  const output = await runOrThrow(wrangler, ["d1", "list", "--json"]);
  const databases = parseJsonIn(output) as { name: string; uuid: string }[];
  return new Map(databases.map(({ name, uuid }) => [name, uuid]));
}

const notFound = /does not exist|not found|no such|10006/i;

/**
 * What wrangler prints of a bucket; null if it does not exist. An unclear answer stops the deploy: a wrong guess
 * would create a second bucket.
 */
export async function bucketInfo(wrangler: Wrangler, name: string): Promise<string | null> {
  const args = ["r2", "bucket", "info", name, "--json"];
  const { ok, output } = await wrangler(args);
  if (ok) return output;
  if (notFound.test(output)) return null;
  throw new DeployError(`wrangler ${args.join(" ")} failed:\n${output.trim()}`);
}

const createCommands = {
  database: ["d1", "create"],
  bucket: ["r2", "bucket", "create"],
  queue: ["queues", "create"],
} as const;

/** `location` is D1's hint, only for a database. */
export async function createResource(
  wrangler: Wrangler,
  { kind, name }: Resource,
  location: string | null,
): Promise<void> {
  const hint = kind === "database" && location !== null ? ["--location", location] : [];
  await runOrThrow(wrangler, [...createCommands[kind], name, ...hint]);
}

/** The names of a Worker's secrets; a Worker that does not exist yet has none. */
export async function secretNames(wrangler: Wrangler, worker: string): Promise<Set<string>> {
  const { ok, output } = await wrangler(["secret", "list", "--name", worker, "--format", "json"]);
  if (!ok && !/10007|does not exist|not found/i.test(output)) {
    throw new DeployError(`cannot list the secrets of ${worker}:\n${output.trim()}`);
  }
  const secrets = ok ? (parseJsonIn(output) as { name: string }[]) : [];
  return new Set(secrets.map(({ name }) => name));
}

/** The JSON in an output that can start with a banner. */
export function parseJsonIn(output: string): unknown {
  const from = output.search(/[[{]/);
  const to = Math.max(output.lastIndexOf("]"), output.lastIndexOf("}"));
  try {
    return JSON.parse(output.slice(from, to + 1));
  } catch {
    throw new DeployError(`wrangler printed no valid JSON:\n${output.trim()}`);
  }
}
