import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { newBatchId } from "../../../shared/identity/ids.ts";
import { finishBatch } from "../../../shared/store/batches/finishing.ts";

/** A batch with three lines and one tally, in which everything has ended. */
async function insertDone(change: { batch?: string; tally?: string } = {}): Promise<string> {
  const id = newBatchId();
  await env.DB.batch([
    env.DB.prepare(
      `INSERT INTO batches (id, tenant, status, total, expanded, input_key, created_at)
       VALUES (?1, 'default', 'running', 3, 3, 'k', 1)`,
    ).bind(id),
    env.DB.prepare(
      `INSERT INTO batch_tallies (batch_id, chunk, stale, succeeded, finished_at)
       VALUES (?1, 0, 0, 3, 7000)`,
    ).bind(id),
    env.DB.prepare(`UPDATE batches SET ${change.batch ?? "id = id"} WHERE id = ?1`).bind(id),
    env.DB.prepare(
      `UPDATE batch_tallies SET ${change.tally ?? "chunk = chunk"} WHERE batch_id = ?1`,
    ).bind(id),
  ]);
  return id;
}

it("a batch is finished at the time of its last task, exactly once", async () => {
  const id = await insertDone();
  expect(await finishBatch(env.DB, id)).toMatchObject({ status: "finished", finished_at: 7_000 });
  expect(await finishBatch(env.DB, id)).toBeNull();
});

// The caller checks the same, but may have read the row before another caller changed it.
it.each<[string, { batch?: string; tally?: string }]>([
  ["lines that are not expanded", { batch: "expanded = 2" }],
  ["another batch to wait for", { batch: "waits = 1" }],
  ["a queued task", { tally: "queued = 1" }],
  ["a running task", { tally: "running = 1" }],
  ["a stale tally", { tally: "stale = 1" }],
])("a batch with %s is not finished", async (_name, change) => {
  expect(await finishBatch(env.DB, await insertDone(change))).toBeNull();
});
