/**
 * How long status calls take while the database holds a million tasks. The rows are generated straight into
 * the file of the local D1, as the fleet would have left them: batches of 50,000, tasks sent by themselves,
 * most of them settled, and one other tenant with a few. Times are those of HTTP calls, from outside.
 */
import fs from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { startFleet } from "./load.ts";
import { atMost, type Row } from "./row.ts";

export const tasks = 1_000_000;
const batchTasks = 50_000;
const batches = 10;
const calls = 20;

/** Twenty-six characters that sort by `n`, as ids do by time. */
const ulid = (n: number): string => `01kz${String(n).padStart(22, "0")}`;
const usage = JSON.stringify({
  steps: 3,
  model_calls: 2,
  prompt_tokens: 900,
  completion_tokens: 90,
});
const output = JSON.stringify({ text: "an answer of a usual length, which is a sentence or two" });

/** The D1 file of the fleet below a state folder: the one that has the table of tasks. */
function databaseIn(stateDir: string): string {
  const found = fs
    .readdirSync(stateDir, { recursive: true, encoding: "utf8" })
    .filter((name) => name.includes(`${path.sep}d1${path.sep}`) && name.endsWith(".sqlite"))
    .map((name) => path.join(stateDir, name))
    .find((file) => {
      const db = new DatabaseSync(file, { readOnly: true });
      const table = db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'tasks'").get();
      db.close();
      return table !== undefined;
    });
  if (found === undefined) throw new Error(`no D1 database with tasks below ${stateDir}`);
  return found;
}

function fill(file: string): void {
  const db = new DatabaseSync(file);
  db.exec("BEGIN");
  const batch = db.prepare(
    `INSERT INTO batches (id, tenant, status, total, expanded, input_key, created_at, finished_at)
     VALUES (?1, 'default', ?2, ${batchTasks}, ${batchTasks}, 'x', ?3, ?3)`,
  );
  const task = db.prepare(
    `INSERT INTO tasks (id, tenant, batch_id, batch_index, status, reason, attempts, model, policy, sandbox,
       labels, created_at, started_at, finished_at, sweep_at, usage, output, error, result_key)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, 3, ?7, 'default', 'isolate', ?8, ?9, ?9, ?10, ?11, ?12, ?13, ?14, ?15)`,
  );
  for (let n = 0; n < batches; n++) {
    batch.run(`batch_${ulid(n)}`, n === batches - 1 ? "running" : "finished", n);
  }
  for (let n = 0; n < tasks; n++) {
    const inBatch = n < batches * batchTasks;
    const of = Math.floor(n / batchTasks);
    const id = inBatch
      ? `task_${ulid(of)}-${String(n % batchTasks).padStart(6, "0")}`
      : `task_${ulid(n)}`;
    const live = of === batches - 1 && n % 2 === 0;
    // One in a thousand ended badly, one in fifty thousand is dead, and the oldest ones alone are labelled.
    const [status, reason] = live
      ? ["queued", null]
      : n % 50_000 === 7
        ? ["dead", "attempts_exhausted"]
        : n % 1_000 === 7
          ? ["failed", "budget_steps"]
          : ["succeeded", "completed"];
    task.run(
      id,
      n % 100_000 === 3 ? "other" : "default",
      inBatch ? `batch_${ulid(of)}` : null,
      inBatch ? n % batchTasks : null,
      status ?? "",
      reason ?? null,
      n % 3 === 0 ? "@cf/a" : "@cf/b",
      n < 1_000 ? '{"team":"first"}' : '{"team":"ops"}',
      n,
      live ? null : n + 1,
      // Far ahead: no sweep touches them while the calls are timed.
      live ? 9e15 : null,
      live ? "{}" : usage,
      status === "succeeded" ? output : null,
      reason !== null && reason !== "completed" ? '{"code":"x","message":"y"}' : null,
      status === "succeeded" ? "x" : null,
    );
  }
  db.exec("COMMIT");
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
}

/** Each call with what it asks; those of the whole fleet's size come first. */
const asked: readonly (readonly [what: string, path: string, msMax: number])[] = [
  ["GET a task", `/v1/tasks/task_${ulid(tasks - 5)}`, 20],
  ["list, the newest", "/v1/tasks?limit=50", 20],
  ["list, a page in the middle", `/v1/tasks?limit=50&cursor=task_${ulid(tasks / 2 + 9)}`, 20],
  ["list, status=succeeded", "/v1/tasks?limit=50&status=succeeded", 20],
  ["list, status=failed", "/v1/tasks?limit=50&status=failed", 20],
  ["list, status=running, of which there is none", "/v1/tasks?limit=50&status=running", 20],
  ["list, status=queued", "/v1/tasks?limit=50&status=queued", 20],
  ["list, a label of the oldest", "/v1/tasks?limit=50&label.team=first", 20],
  ["list, a reason that none has", "/v1/tasks?limit=50&reason=no_progress", 20],
  ["list, one batch", `/v1/tasks?limit=50&batch_id=batch_${ulid(2)}`, 20],
  [
    "list, what failed of one batch",
    `/v1/tasks?limit=50&batch_id=batch_${ulid(2)}&status=failed`,
    20,
  ],
  ["dead letters", "/v1/dead_letters", 20],
  ["list of batches", "/v1/batches", 20],
  ["GET a batch of 50,000, finished", `/v1/batches/batch_${ulid(2)}`, 50],
  ["GET a batch of 50,000, half of it queued", `/v1/batches/batch_${ulid(batches - 1)}`, 50],
];

const percentile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.ceil(values.length * share) - 1] ?? 0;

export async function benchAtSize(stateDir: string, port: number): Promise<Row[]> {
  await (await startFleet(stateDir, port)).stop();
  const file = databaseIn(stateDir);
  fill(file);
  const fleet = await startFleet(stateDir, port);
  try {
    const headers = { authorization: `Bearer ${fleet.key}` };
    const rows: Row[] = [];
    for (const [what, at, msMax] of asked) {
      const times: number[] = [];
      // The first call warms up; a tally that nobody asked for is made by it.
      for (let n = 0; n <= calls; n++) {
        const began = performance.now();
        const answer = await fetch(`${fleet.url}${at}`, { headers });
        await answer.text();
        if (!answer.ok) throw new Error(`${at}: HTTP ${answer.status}`);
        if (n > 0) times.push(performance.now() - began);
        else console.log(`${what}: the first took ${(performance.now() - began).toFixed(0)} ms`);
      }
      rows.push(atMost(`${what}, of ${tasks} tasks, p95 ms`, percentile(times, 0.95), msMax));
    }
    return rows;
  } finally {
    await fleet.stop();
  }
}

if (process.argv[1] === import.meta.filename) {
  const stateDir = path.resolve(import.meta.dirname, "../../.wrangler/bench-at-size");
  fs.rmSync(stateDir, { recursive: true, force: true });
  fs.mkdirSync(stateDir, { recursive: true });
  const rows = await benchAtSize(stateDir, 8797);
  fs.rmSync(stateDir, { recursive: true, force: true });
  console.table(rows);
  if (rows.some((row) => !row.holds)) process.exitCode = 1;
}
