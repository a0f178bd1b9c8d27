/** Tasks for the sweep: rows whose `sweep_at` has passed. One index, one query, bounded. */
import { sweepLimits } from "../../limits.ts";
import { nowSql } from "../clock.ts";
import { sql } from "../sql.ts";

export interface DueTask {
  id: string;
  fence: number;
  model: string;
  priority: "normal" | "low";
  status: "queued" | "running";
  /** When it may be claimed, in milliseconds; null when it is due at once. */
  not_before: number | null;
}

const dueColumns = `id, fence, model, priority, status,
  IIF(cancel_requested_at IS NOT NULL OR expires_at <= ${nowSql}, NULL, not_before) AS not_before`;

/** Due tasks of one status, the longest due first: the index starts with the status. */
const dueSql = (which: string): string => `SELECT * FROM (
  SELECT id, sweep_at FROM tasks INDEXED BY tasks_sweep
  WHERE ${which} AND sweep_at <= ${nowSql} ORDER BY sweep_at LIMIT ?1)`;

/**
 * Takes up to `limit` due tasks to be sent again; concurrent sweeps take different rows. A running task is
 * due when its lease expired; a queued one when it was never sent, its due time came, it expired or it is
 * cancelled. A task that was sent and only waits is taken with `lostToo`, which the caller sets when the
 * queue's backlog is small: otherwise a two-day backlog would be sent again every minute.
 *
 * Taking is only a lease: if the taker dies, the rows are due again soon. `markSent` records the send.
 */
export async function takeDueTasks(
  db: D1Database,
  limit: number,
  lostToo: boolean,
): Promise<DueTask[]> {
  return sql.all<DueTask>(
    db,
    "take due tasks",
    `UPDATE tasks SET sweep_at = ${nowSql} + ${sweepLimits.takeLeaseMs}
     WHERE id IN (
       SELECT id FROM (
         ${dueSql("status = 'running'")}
         UNION ALL
         ${dueSql(`status = 'queued' AND (?2 OR sent_at IS NULL OR expires_at <= ${nowSql})`)})
       ORDER BY sweep_at LIMIT ?1)
     RETURNING ${dueColumns}`,
    limit,
    lostToo ? 1 : 0,
  );
}

/** Records a send: the next check is delayed, doubling each time. The fence skips tasks claimed since. */
export async function markSent(db: D1Database, sent: readonly DueTask[]): Promise<void> {
  if (sent.length === 0) return;
  const fences = Object.fromEntries(sent.map(({ id, fence }) => [id, fence]));
  await sql.run(
    db,
    "mark sent",
    `UPDATE tasks SET sent_at = ${nowSql}, sends = sends + 1,
       sweep_at = MAX(${nowSql}, COALESCE(not_before, 0))
         + ${sweepLimits.resendAfterMs} * (1 << MIN(sends, ${sweepLimits.resendDoublingsMax}))
     FROM json_each(?1) AS sent
     WHERE tasks.id = sent.key AND tasks.fence = sent.value
       AND tasks.status IN ('queued', 'running')`,
    JSON.stringify(fences),
  );
}

/**
 * Only for local runs: their queue is in memory and is lost when the runtime reloads. Called with an empty
 * queue, it takes tasks that were due and sent more than `idleMs` ago: nothing will deliver those.
 */
export async function takeIdleTasks(
  db: D1Database,
  limit: number,
  idleMs: number,
): Promise<DueTask[]> {
  return sql.all<DueTask>(
    db,
    "take idle tasks",
    `UPDATE tasks SET sent_at = ${nowSql}, sends = sends + 1
     WHERE id IN (
       SELECT id FROM tasks WHERE sweep_at IS NOT NULL AND status = 'queued'
         AND MAX(sent_at, COALESCE(not_before, 0)) + ?2 <= ${nowSql}
       LIMIT ?1)
     RETURNING ${dueColumns}`,
    limit,
    idleMs,
  );
}
