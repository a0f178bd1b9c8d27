/**
 * The duration of API reads with a million generated tasks in the database, a few of them of another tenant. Times
 * are those of HTTP calls. Noise only adds time, so the fastest of several rounds counts for each call.
 */
import fs from "node:fs";
import path from "node:path";
import { prepareDatabase } from "../../producer/local/database.ts";
import { generateTasks, ulid } from "./generated.ts";
import { startFleet } from "./load.ts";
import { atMost, type Row } from "./row.ts";

export const tasks = 1_000_000;
const batches = 10;
const calls = 20;
const rounds = 5;
/** The tasks were accepted in this period before the run, so that every minute of the chart has some. */
const spreadMs = 3_000_000;

/** The dashboard's overview makes the last ones. */
const reads: readonly (readonly [name: string, path: string, msMax: number])[] = [
  ["GET a task", `/v1/tasks/task_${ulid(tasks - 5)}`, 20],
  ["list, newest tasks", "/v1/tasks?limit=50", 20],
  ["list, a page in the middle", `/v1/tasks?limit=50&cursor=task_${ulid(tasks / 2 + 9)}`, 20],
  ["list, status=succeeded", "/v1/tasks?limit=50&status=succeeded", 20],
  ["list, status=failed", "/v1/tasks?limit=50&status=failed", 20],
  ["list, status=running without matches", "/v1/tasks?limit=50&status=running", 20],
  ["list, status=queued", "/v1/tasks?limit=50&status=queued", 20],
  ["list, a label of the oldest tasks", "/v1/tasks?limit=50&label.team=first", 20],
  ["list, a reason without matches", "/v1/tasks?limit=50&reason=no_progress", 20],
  ["list, one batch", `/v1/tasks?limit=50&batch_id=batch_${ulid(2)}`, 20],
  [
    "list, failed tasks of one batch",
    `/v1/tasks?limit=50&batch_id=batch_${ulid(2)}&status=failed`,
    20,
  ],
  ["dead letters", "/v1/dead_letters", 20],
  ["list of batches", "/v1/batches", 20],
  ["GET a finished batch of 50,000", `/v1/batches/batch_${ulid(2)}`, 50],
  ["GET a half queued batch of 50,000", `/v1/batches/batch_${ulid(batches - 1)}`, 50],
  ["stats", "/v1/stats", 20],
  ["spend", "/v1/spend?days=30", 20],
  ["throughput of the last hour", "/v1/throughput?minutes=60", 20],
  ["models", "/v1/models", 20],
  ["the latest batches", "/v1/batches?limit=5", 20],
  ["pauses", "/v1/pause", 20],
];

const percentile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.ceil(values.length * share) - 1] ?? 0;

export async function benchAtSize(stateDir: string, port: number): Promise<Row[]> {
  fs.rmSync(stateDir, { recursive: true, force: true });
  fs.mkdirSync(stateDir, { recursive: true });
  await prepareDatabase(stateDir, []);
  generateTasks(stateDir, {
    tasks,
    batches,
    running: true,
    from: Date.now() - spreadMs,
    everyMs: spreadMs / tasks,
    tenantOf: (n) => (n % 100_000 === 3 ? "other" : "default"),
  });
  const fleet = await startFleet(stateDir, port);
  try {
    const headers = { authorization: `Bearer ${fleet.key}` };
    const measure = async (path: string): Promise<number> => {
      const startedAt = performance.now();
      const response = await fetch(`${fleet.url}${path}`, { headers });
      await response.text();
      if (!response.ok) throw new Error(`${path}: HTTP ${response.status}`);
      return performance.now() - startedAt;
    };
    for (const [name, path] of reads) {
      console.log(`${name}: the first call took ${(await measure(path)).toFixed(0)} ms`);
    }
    const best = new Map<string, number>();
    for (let round = 0; round < rounds; round++) {
      for (const [name, path] of reads) {
        const times: number[] = [];
        for (let n = 0; n < calls; n++) times.push(await measure(path));
        const ms = percentile(times, 0.95);
        best.set(name, Math.min(ms, best.get(name) ?? ms));
      }
    }
    return reads.map(([name, , msMax]) =>
      atMost(`${name}, of ${tasks} tasks, p95 ms`, best.get(name) ?? 0, msMax),
    );
  } finally {
    await fleet.stop();
    // The state is half a gigabyte.
    fs.rmSync(stateDir, { recursive: true, force: true });
  }
}

if (process.argv[1] === import.meta.filename) {
  const stateDir = path.resolve(import.meta.dirname, "../../.wrangler/bench-at-size");
  const rows = await benchAtSize(stateDir, 8797);
  console.table(rows);
  if (rows.some((row) => !row.holds)) process.exitCode = 1;
}
