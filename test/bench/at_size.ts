/**
 * How long status calls take while the database holds a million generated tasks, and another tenant has a
 * few of them. Times are those of HTTP calls, from outside. Machines are noisy, and noise only adds: of some
 * rounds, each over all the calls, the calmest counts for each call.
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
/** The tasks were accepted within so long before the run: each minute of a chart of an hour has its share. */
const spreadMs = 3_000_000;

/** Each call with what it asks. Those that the dashboard's overview makes come last. */
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
  ["stats", "/v1/stats", 20],
  ["spend", "/v1/spend?days=30", 20],
  ["throughput of the last hour", "/v1/throughput?minutes=60", 20],
  ["models", "/v1/models", 20],
  ["the latest batches", "/v1/batches?limit=5", 20],
  ["what is paused", "/v1/pause", 20],
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
    const timed = async (at: string): Promise<number> => {
      const began = performance.now();
      const answer = await fetch(`${fleet.url}${at}`, { headers });
      await answer.text();
      if (!answer.ok) throw new Error(`${at}: HTTP ${answer.status}`);
      return performance.now() - began;
    };
    // The first call warms up; a tally that nobody asked for is made by it.
    for (const [what, at] of asked) {
      console.log(`${what}: the first took ${(await timed(at)).toFixed(0)} ms`);
    }
    const least = new Map<string, number>();
    for (let round = 0; round < rounds; round++) {
      for (const [what, at] of asked) {
        const times: number[] = [];
        for (let n = 0; n < calls; n++) times.push(await timed(at));
        const ms = percentile(times, 0.95);
        least.set(what, Math.min(ms, least.get(what) ?? ms));
      }
    }
    return asked.map(([what, , msMax]) =>
      atMost(`${what}, of ${tasks} tasks, p95 ms`, least.get(what) ?? 0, msMax),
    );
  } finally {
    await fleet.stop();
    // Half a gigabyte.
    fs.rmSync(stateDir, { recursive: true, force: true });
  }
}

if (process.argv[1] === import.meta.filename) {
  const stateDir = path.resolve(import.meta.dirname, "../../.wrangler/bench-at-size");
  const rows = await benchAtSize(stateDir, 8797);
  console.table(rows);
  if (rows.some((row) => !row.holds)) process.exitCode = 1;
}
