/** The two sides of the benchmark: the fleet, and the bare consumer that it is compared with. */
import { execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { type DevServer, startDevServer } from "../../producer/local/dev_server.ts";
import { endTree } from "../../producer/local/processes.ts";

const root = path.resolve(import.meta.dirname, "../..");

export interface Side {
  url: string;
  /** The resident memory of this side's runtime, in megabytes. */
  residentMb(): number;
  /** The CPU time that this side's runtime has used, in milliseconds. */
  cpuMs(): number;
  stop(): Promise<void>;
}

export async function until(isDone: () => Promise<boolean>): Promise<void> {
  while (!(await isDone())) await new Promise((resolve) => setTimeout(resolve, 200));
}

/** The largest workerd below a process, which is the one that runs the Workers: its number and its memory in kB. */
function workerdBelow(ancestor: number): { pid: string; kilobytes: number } {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid=,rss=,args="], { encoding: "utf8" });
  const all = lines
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/));
  const tree = new Set([String(ancestor)]);
  for (const pid of tree) for (const row of all) if (row[1] === pid && row[0]) tree.add(row[0]);
  const found = all
    .filter((row) => tree.has(row[0] ?? "") && (row[3] ?? "").includes("workerd"))
    .map((row) => ({ pid: row[0] ?? "", kilobytes: Number(row[2]) }))
    .sort((a, b) => b.kilobytes - a.kilobytes);
  return found[0] ?? { pid: "", kilobytes: 0 };
}

export const residentBelow = (ancestor: number): number => workerdBelow(ancestor).kilobytes / 1024;

/** CPU time does not depend on what else the machine does. It is read where Linux keeps it, in hundredths of a second. */
function cpuMsBelow(ancestor: number): number {
  const stat = readFileSync(`/proc/${workerdBelow(ancestor).pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

export async function startFleet(stateDir: string, port: number): Promise<Side & DevServer> {
  const fleet = await startDevServer({ port, stateDir, environment: {}, quiet: true });
  return {
    ...fleet,
    residentMb: () => residentBelow(fleet.pid),
    cpuMs: () => cpuMsBelow(fleet.pid),
  };
}

export const startBare = (stateDir: string, port: number): Promise<Side> =>
  startWorker("wrangler.bare.toml", stateDir, port, (url) =>
    fetch(`${url}/?n=1`, { method: "POST" }),
  );

/** Starts one Worker of this folder in its own runtime; resolves when `probe` succeeds. */
export async function startWorker(
  config: string,
  stateDir: string,
  port: number,
  probe: (url: string) => Promise<Response>,
): Promise<Side> {
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(
    process.execPath,
    [
      path.join(root, "node_modules/wrangler/bin/wrangler.js"),
      ...["dev", "-c", `test/bench/${config}`, "--ip", "127.0.0.1"],
      ...["--port", String(port), "--inspector-port", "0"],
      ...["--persist-to", stateDir, "--show-interactive-dev-session=false"],
    ],
    {
      cwd: root,
      env: {
        ...process.env,
        WRANGLER_SEND_METRICS: "false",
        WRANGLER_REGISTRY_PATH: path.join(stateDir, "registry"),
      },
      stdio: "ignore",
    },
  );
  await until(() =>
    probe(url).then(
      (response) => response.ok,
      () => false,
    ),
  );
  const pid = child.pid ?? 0;
  return {
    url,
    residentMb: () => residentBelow(pid),
    cpuMs: () => cpuMsBelow(pid),
    stop: () => endTree(child),
  };
}

/** Messages per second from the first start to the last end. */
export async function bareRound(side: Side, count: number): Promise<number> {
  const started = await fetch(`${side.url}/?n=${count}`, { method: "POST" });
  const { run } = (await started.json()) as { run: string };
  let ms = 0;
  await until(async () => {
    const response = await fetch(`${side.url}/?run=${run}`);
    const row = (await response.json()) as { done: number; ms: number };
    ms = row.ms;
    return row.done === count;
  });
  return (count / ms) * 1000;
}

export interface Span {
  customId: string | null;
  startedAt: number;
  finishedAt: number;
}

/** Submits tasks as one batch and returns when each started and ended. Every task must succeed. */
export async function fleetRound(
  side: Side & DevServer,
  tasks: readonly object[],
): Promise<Span[]> {
  const headers = { authorization: `Bearer ${side.key}` };
  const accepted = await fetch(`${side.url}/v1/batches`, {
    method: "POST",
    headers: { ...headers, "content-type": "application/x-ndjson" },
    body: tasks.map((task) => `${JSON.stringify(task)}\n`).join(""),
  });
  const batch = (await accepted.json()) as { id: string };
  await until(async () => {
    const view = await fetch(`${side.url}/v1/batches/${batch.id}`, { headers });
    return ((await view.json()) as { status: string }).status === "finished";
  });
  const spans: Span[] = [];
  let cursor = "";
  do {
    const address = `${side.url}/v1/tasks?batch_id=${batch.id}&limit=500${cursor}`;
    const page = (await (await fetch(address, { headers })).json()) as {
      tasks: { status: string; custom_id: string; started_at: string; finished_at: string }[];
      next_cursor: string | null;
    };
    for (const { status, custom_id, started_at, finished_at } of page.tasks) {
      if (status !== "succeeded") throw new Error(`a task of the benchmark ended as ${status}`);
      const [startedAt, finishedAt] = [Date.parse(started_at), Date.parse(finished_at)];
      spans.push({ customId: custom_id, startedAt, finishedAt });
    }
    cursor = page.next_cursor === null ? "" : `&cursor=${page.next_cursor}`;
  } while (cursor !== "");
  return spans;
}

export function ratePerSecond(spans: readonly Span[]): number {
  const first = Math.min(...spans.map((span) => span.startedAt));
  const last = Math.max(...spans.map((span) => span.finishedAt));
  return (spans.length / (last - first)) * 1000;
}
