/**
 * A batch of the largest size on the real local fleet, killed half-way through its expansion:
 * `node test/chaos/at_size.ts [tasks]`. Prints how long acceptance took, how long a look at the batch
 * takes at its largest, and whether each line became one task. Exits 1 where one is lost or doubled.
 */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { startDevServer } from "../../producer/local/dev_server.ts";

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

/** What D1 holds of the batch, read from its file once the fleet has stopped. */
function held(sql: string): Record<string, unknown> {
  const folder = path.join(stateDir, "v3/d1/miniflare-D1DatabaseObject");
  const file = fs.readdirSync(folder).find((name) => /^[0-9a-f]{64}\.sqlite$/.test(name)) ?? "";
  return new DatabaseSync(path.join(folder, file)).prepare(sql).get() ?? {};
}

/** A process and all below it: the runtime must not outlive its parent, or it would go on expanding. */
function treeOf(root: number): number[] {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).trim();
  const all = lines.split("\n").map((line) => line.trim().split(/\s+/).map(Number));
  const tree = [root];
  for (const parent of tree) {
    for (const [pid, above] of all) if (above === parent && pid !== undefined) tree.push(pid);
  }
  return tree;
}

const say = (what: string, value: string | number) => console.log(`${what.padEnd(34)} ${value}`);
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

let fleet = await start();
await call(`${fleet.url}/v1/pause`, "POST");
const lines = Array.from({ length: total }, (_, n) =>
  JSON.stringify({ prompt: "p", custom_id: `c${n}`, rehearsal: [{ text: "yes" }] }),
);
const begun = performance.now();
const batch = await call<Batch>(`${fleet.url}/v1/batches`, "POST", `${lines.join("\n")}\n`);
say("accepted after, s", ((performance.now() - begun) / 1000).toFixed(1));

const expanded = async () =>
  (
    await call<{ tasks: { id: string }[] }>(
      `${fleet.url}/v1/tasks?batch_id=${batch.id}&limit=1`,
      "GET",
    )
  ).tasks[0]?.id;
const half = () => expanded().then((id) => Number(id?.split("-").at(-1) ?? 0) > total / 2);
while (!(await half())) await wait(100);
for (const pid of treeOf(fleet.pid)) process.kill(pid, "SIGKILL");
say("killed behind line", total / 2);

fleet = await start();
const restarted = performance.now();
const last = `-${String(total - 1).padStart(6, "0")}`;
while (!(await expanded())?.endsWith(last)) await wait(200);
say("whole after its restart, s", ((performance.now() - restarted) / 1000).toFixed(1));

const looks: number[] = [];
for (let n = 0; n < 20; n++) {
  const from = performance.now();
  const { counts } = await call<Batch>(`${fleet.url}/v1/batches/${batch.id}`, "GET");
  looks.push(performance.now() - from);
  if (counts.total !== total) throw new Error(`counts.total is ${counts.total}`);
}
looks.sort((a, b) => a - b);
say("GET /v1/batches/:id, median ms", (looks[10] ?? 0).toFixed(1));
say("GET /v1/batches/:id, worst ms", (looks.at(-1) ?? 0).toFixed(1));
await fleet.stop();

const found = held("SELECT COUNT(*) AS tasks, COUNT(DISTINCT custom_id) AS lines FROM tasks");
say("tasks, and lines that have one", `${found.tasks}, ${found.lines}`);
fs.rmSync(stateDir, { recursive: true, force: true });
process.exit(found.tasks === total && found.lines === total ? 0 : 1);
