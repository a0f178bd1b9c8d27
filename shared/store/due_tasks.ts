/** What the sweep looks at: rows whose `sweep_at` has passed. One index, one query, bounded. */
import { sweepLimits } from "../limits.ts";
import { retrying } from "../retrying.ts";
import { nowSql } from "./clock.ts";

export interface Due {
  id: string;
  fence: number;
  model: string;
  priority: "normal" | "low";
  status: "queued" | "running";
  /** When it may be claimed, in milliseconds; null when it waits for nothing. */
  not_before: number | null;
}

const dueColumns = `id, fence, model, priority, status,
  IIF(cancel_requested_at IS NOT NULL OR expires_at <= ${nowSql}, NULL, not_before) AS not_before`;

/** Those of one status, the longest due first: the index begins with the status. */
const dueSql = (which: string): string => `SELECT * FROM (
  SELECT id, sweep_at FROM tasks INDEXED BY tasks_sweep
  WHERE ${which} AND sweep_at <= ${nowSql} ORDER BY sweep_at LIMIT ?1)`;

/**
 * Takes up to `limit` due tasks to be sent again: two sweeps at once take different rows. A running
 * task is due when its lease ran out; a queued one when it was never sent, came of age, expired or is
 * to be cancelled. One that was sent and only waits is taken with `lostToo`, which the caller sets
 * when the queue's backlog is small: otherwise a two-day backlog would be sent again every minute.
 *
 * Taking is a lease and nothing more: rows whose taker dies, or never hears which it took, are due
 * again soon. What was sent is told to `markSent`.
 */
export async function takeDue(db: D1Database, limit: number, lostToo: boolean): Promise<Due[]> {
  const { results } = await retrying("take due", () =>
    db
      .prepare(
        `UPDATE tasks SET sweep_at = ${nowSql} + ${sweepLimits.takenMs}
         WHERE id IN (
           SELECT id FROM (
             ${dueSql("status = 'running'")}
             UNION ALL
             ${dueSql(`status = 'queued' AND (?2 OR sent_at IS NULL OR expires_at <= ${nowSql})`)})
           ORDER BY sweep_at LIMIT ?1)
         RETURNING ${dueColumns}`,
      )
      .bind(limit, lostToo ? 1 : 0)
      .all<Due>(),
  );
  return results;
}

/**
 * After the send: the next look at each is moved ahead, doubling each time. One that was claimed since
 * is its claimer's: the fence has moved on.
 */
export async function markSent(db: D1Database, sent: readonly Due[]): Promise<void> {
  if (sent.length === 0) return;
  const fences = Object.fromEntries(sent.map(({ id, fence }) => [id, fence]));
  await retrying("mark sent", () =>
    db
      .prepare(
        `UPDATE tasks SET sent_at = ${nowSql}, sends = sends + 1,
           sweep_at = MAX(${nowSql}, COALESCE(not_before, 0))
             + ${sweepLimits.resendAfterMs} * (1 << MIN(sends, ${sweepLimits.resendDoublingsMax}))
         FROM json_each(?1) AS sent
         WHERE tasks.id = sent.key AND tasks.fence = sent.value
           AND tasks.status IN ('queued', 'running')`,
      )
      .bind(JSON.stringify(fences))
      .run(),
  );
}

/**
 * Local runs alone: their queue is in memory and is lost when the runtime reloads. Called with an empty
 * queue, it takes what was due and sent longer than `idleMs` ago, because nothing will deliver that.
 */
export async function takeIdle(db: D1Database, limit: number, idleMs: number): Promise<Due[]> {
  const { results } = await retrying("take idle", () =>
    db
      .prepare(
        `UPDATE tasks SET sent_at = ${nowSql}, sends = sends + 1
         WHERE id IN (
           SELECT id FROM tasks WHERE sweep_at IS NOT NULL AND status = 'queued'
             AND MAX(sent_at, COALESCE(not_before, 0)) + ?2 <= ${nowSql}
           LIMIT ?1)
         RETURNING ${dueColumns}`,
      )
      .bind(limit, idleMs)
      .all<Due>(),
  );
  return results;
}

/**
 * After a restart of the local runner: no slice and no message survived it, so every lease is void
 * and everything live is due. Never run on a deployed fleet.
 */
export const voidLeasesSql = `
  UPDATE tasks SET lease_until = CASE WHEN status = 'running' THEN 0 ELSE NULL END,
    sent_at = NULL, sweep_at = 0
  WHERE sweep_at IS NOT NULL;
  UPDATE batches SET sweep_at = 0 WHERE sweep_at IS NOT NULL`;

/** In words that the index `tasks_sweep` answers. */
const runningSql = "status = 'running' AND sweep_at IS NOT NULL";

/**
 * After the local runner had to kill a hung runtime. A program in `isolate-v8` is what can hang one, so
 * those that ran lose an attempt, also when they had journaled a step: else one would hang it for ever.
 * Where none ran, any of the others may be to blame. The others go back as they are.
 */
export const countHungSql = `
  UPDATE tasks SET attempt = attempt + 1,
    errors = json_insert(errors, '$[#]', json_object('attempt', attempt + 1, 'fence', fence,
      'code', 'sandbox_fault', 'message', 'The runtime hung while it ran and was started again.'))
  WHERE ${runningSql} AND attempt < attempts AND (sandbox = 'isolate-v8' OR NOT EXISTS (
    SELECT 1 FROM tasks WHERE ${runningSql} AND sandbox = 'isolate-v8'));
  UPDATE tasks SET status = 'queued', claimed_by = NULL WHERE ${runningSql}`;
