import { WorkerEntrypoint } from "cloudflare:workers";
import { Bash, InMemoryFs } from "just-bash/browser";
import { bashLimits, workspaceLimits } from "../../../shared/limits.ts";
import type { GuestRequest, GuestResponse } from "../engine.ts";

/** The folder that a script sees as its workspace. All other files of its file system are deleted after the run. */
const home = "/workspace";

/** One script as it crosses RPC. */
export interface BashRequest {
  script: string;
  wallMs: number;
}

/** What a script printed, how it ended and which files it changed (null is deleted). */
export interface BashOutcome {
  stdout: string;
  stderr: string;
  exitCode: number;
  changes: Map<string, Uint8Array | null>;
}

interface BashHost {
  files(): Promise<ReadonlyMap<string, Uint8Array>>;
  fetch(request: GuestRequest): Promise<GuestResponse>;
}

let running = 0;

/**
 * The bash interpreter inside one stable Dynamic Worker without a network: a script is data to it. It has
 * counters for commands, loops and bytes, and no fuel: what one command does natively, such as a regular
 * expression, only the platform's CPU limit ends.
 */
export default class BashWorker extends WorkerEntrypoint {
  async run({ script, wallMs }: BashRequest, host: BashHost): Promise<BashOutcome> {
    // Polled, because a promise that another request resolves would look like a hang.
    while (running >= bashLimits.scriptsAtOnceMax) await scheduler.wait(2);
    running += 1;
    try {
      return await runScript(script, wallMs, host);
    } finally {
      running -= 1;
    }
  }
}

async function runScript(script: string, wallMs: number, host: BashHost): Promise<BashOutcome> {
  const before = await host.files();
  const fs = new InMemoryFs({}, { maxTotalBytes: bashLimits.fileSystemBytesMax });
  for (const [path, bytes] of before) fs.writeFileSync(`${home}/${path}`, bytes);
  await fs.mkdir(home, { recursive: true });
  await fs.mkdir("/tmp", { recursive: true });
  const bash = new Bash({
    fs,
    cwd: home,
    env: { HOME: home, PWD: home, TMPDIR: "/tmp" },
    // The option would patch globals of an isolate that several scripts share. Without eval, scripts cannot reach those globals.
    defenseInDepth: false,
    executionLimitProfile: "hardened",
    executionLimits: { ...bashLimits.execution, maxExecutionTimeMs: wallMs },
    // curl receives each redirect, and every hop gets its own decision.
    fetch: (url, options) => answer(host, url, options),
  });
  const signal = AbortSignal.timeout(wallMs);
  const { stdout, stderr, exitCode } = await bash.exec(script, { signal });
  return { stdout, stderr, exitCode, changes: await changesIn(fs, before) };
}

async function answer(
  host: BashHost,
  url: string,
  {
    method = "GET",
    headers = {},
    body,
  }: { method?: string; headers?: Headers | Record<string, string>; body?: string } = {},
) {
  const response = await host.fetch({
    url,
    method,
    headers: [...new Headers(headers)],
    body: body === undefined ? null : new TextEncoder().encode(body),
  });
  const { status, statusText } = response;
  return {
    url: response.url,
    status,
    statusText,
    headers: Object.fromEntries(response.headers),
    body: new Uint8Array(response.body),
  };
}

/** Only regular files inside the workspace. A link is replaced by its target, or dropped if the target is outside. */
async function changesIn(
  fs: InMemoryFs,
  before: ReadonlyMap<string, Uint8Array>,
): Promise<Map<string, Uint8Array | null>> {
  const changes = new Map<string, Uint8Array | null>();
  const after = new Set<string>();
  for (const absolutePath of fs.getAllPaths()) {
    if (!absolutePath.startsWith(`${home}/`)) continue;
    const stat = await fs.lstat(absolutePath);
    if (!stat.isFile) continue;
    const path = absolutePath.slice(home.length + 1);
    after.add(path);
    const bytes = await fs.readFileBuffer(absolutePath);
    if (bytes.byteLength > workspaceLimits.fileBytesMax) throw new Error(`${path} is too large.`);
    const previous = before.get(path);
    if (previous === undefined || !equal(previous, bytes)) changes.set(path, bytes);
  }
  for (const path of before.keys()) if (!after.has(path)) changes.set(path, null);
  return changes;
}

const equal = (a: Uint8Array, b: Uint8Array): boolean =>
  a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index]);
