/**
 * The largest batch on the real local fleet, killed in the middle of its expansion:
 * `node test/chaos/large_batch.ts [tasks]`. Prints the time of acceptance and of reading the batch. Exits 1 unless
 * each line became exactly one task.
 */
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { startDevServer } from "../../producer/local/dev_server.ts";
import { signalTree } from "./crash/process_tree.ts";

const total = Number(process.argv[2] ?? 50_000);
const stateDir = fs.mkdtempSync(path.join(os.tmpdir(), "fleet-at-size-"));

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

const start = async () =>
  startDevServer({
    port: await freePort(),
    stateDir,
    environment: { ...process.env, FLEET_API_KEY: "at-size" },
    quiet: true,
  });

async function call<T>(url: string, method: string, body?: string): Promise<T> {
  const response = await fetch(url, {
    method,
    headers: { authorization: "Bearer at-size", "content-type": "application/x-ndjson" },
    ...(body === undefined ? {} : { body }),
  });
  if (!response.ok)
    throw new Error(`${method} ${url}: ${response.status} ${await response.text()}`);
  return response.json() as Promise<T>;
}

interface Batch {
  id: string;
  counts: Record<string, number>;
}

/** Reads D1 from its file, after the fleet has stopped. */
function queryDatabase(sql: string): Record<string, unknown> {
  const folder = path.join(stateDir, "v3/d1/miniflare-D1DatabaseObject");
  const file = fs.readdirSync(folder).find((name) => /^[0-9a-f]{64}\.sqlite$/.test(name)) ?? "";
  return new DatabaseSync(path.join(folder, file)).prepare(sql).get() ?? {};
}

const print = (name: string, value: string | number) => console.log(`${name.padEnd(34)} ${value}`);
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

let fleet = await start();
await call(`${fleet.url}/v1/pause`, "POST");
const lines = Array.from({ length: total }, (_, n) =>
  JSON.stringify({ prompt: "p", custom_id: `c${n}`, rehearsal: [{ text: "yes" }] }),
);
const submittedAt = performance.now();
const batch = await call<Batch>(`${fleet.url}/v1/batches`, "POST", `${lines.join("\n")}\n`);
print("accepted after, s", ((performance.now() - submittedAt) / 1000).toFixed(1));

const lastExpandedId = async () =>
  (
    await call<{ tasks: { id: string }[] }>(
      `${fleet.url}/v1/tasks?batch_id=${batch.id}&limit=1`,
      "GET",
    )
  ).tasks[0]?.id;
const isHalfExpanded = async () => {
  const id = await lastExpandedId();
  return Number(id?.split("-").at(-1) ?? 0) > total / 2;
};
while (!(await isHalfExpanded())) await wait(100);
signalTree(fleet.pid, "SIGKILL");
print("killed after line", total / 2);

fleet = await start();
const restartedAt = performance.now();
const last = `-${String(total - 1).padStart(6, "0")}`;
while (!(await lastExpandedId())?.endsWith(last)) await wait(200);
print("expanded after the restart, s", ((performance.now() - restartedAt) / 1000).toFixed(1));

const readMs: number[] = [];
for (let n = 0; n < 20; n++) {
  const from = performance.now();
  const { counts } = await call<Batch>(`${fleet.url}/v1/batches/${batch.id}`, "GET");
  readMs.push(performance.now() - from);
  if (counts.total !== total) throw new Error(`counts.total is ${counts.total}`);
}
readMs.sort((a, b) => a - b);
print("GET /v1/batches/:id, median ms", (readMs[10] ?? 0).toFixed(1));
print("GET /v1/batches/:id, maximum ms", (readMs.at(-1) ?? 0).toFixed(1));
await fleet.stop();

const rows = queryDatabase(
  "SELECT COUNT(*) AS tasks, COUNT(DISTINCT custom_id) AS lines FROM tasks",
);
print("tasks, and lines with a task", `${rows.tasks}, ${rows.lines}`);
fs.rmSync(stateDir, { recursive: true, force: true });
process.exit(rows.tasks === total && rows.lines === total ? 0 : 1);
