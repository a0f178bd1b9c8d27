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

/** The due tasks of one status, the longest due first, because the index starts with the status. */
const dueSql = (which: string): string => `SELECT * FROM (
  SELECT id, sweep_at FROM tasks INDEXED BY tasks_sweep
  WHERE ${which} AND sweep_at <= ${nowSql} ORDER BY sweep_at LIMIT ?1)`;

/**
 * Takes up to `limit` tasks that need a message now; concurrent sweeps take different rows. A running task
 * needs one when its lease expired; a queued one when it was never sent, expired or is cancelled. A task that
 * was sent and only waits has its `sweep_at` far ahead, so a long queue costs nothing here.
 *
 * Taking is only a lease: if the taker dies, the rows are due again soon. `markSent` records the send.
 */
export async function takeDueTasks(db: D1Database, limit: number): Promise<DueTask[]> {
  return sql.all<DueTask>(
    db,
    "take due tasks",
    `UPDATE tasks SET sweep_at = ${nowSql} + ${sweepLimits.takeLeaseMs}
     WHERE id IN (
       SELECT id FROM (
         ${dueSql("status = 'running'")}
         UNION ALL
         ${dueSql("status = 'queued'")})
       ORDER BY sweep_at LIMIT ?1)
     RETURNING ${dueColumns}`,
    [limit],
  );
}

/** Records a send. The fence skips tasks claimed since. */
export async function markSent(db: D1Database, sentTasks: readonly DueTask[]): Promise<void> {
  if (sentTasks.length === 0) return;
  const fences = Object.fromEntries(sentTasks.map(({ id, fence }) => [id, fence]));
  await sql.run(
    db,
    "mark sent",
    `UPDATE tasks SET sent_at = ${nowSql}, sends = sends + 1,
       sweep_at = CASE WHEN status = 'queued' AND cancel_requested_at IS NULL
         AND COALESCE(expires_at, ${sweepLimits.never}) > ${nowSql}
         THEN COALESCE(expires_at, ${sweepLimits.never})
         ELSE ${nowSql} + ${sweepLimits.resendAfterMs} * (1 << MIN(sends, ${sweepLimits.resendDoublingsMax})) END
     FROM json_each(?1) AS sent
     WHERE tasks.id = sent.key AND tasks.fence = sent.value
       AND tasks.status IN ('queued', 'running')`,
    [JSON.stringify(fences)],
  );
}

/** Ready tasks of one queue that have been due for ?2 milliseconds. */
const dueReadySql = (priority: "normal" | "low"): string =>
  `SELECT * FROM (SELECT id, fence, model, priority, status, not_before, created_at, sent_at
     FROM tasks INDEXED BY tasks_ready
     WHERE status = 'queued' AND parked IS NULL AND priority = '${priority}'
     LIMIT ${sweepLimits.readyRowsMax})
   WHERE MAX(created_at, COALESCE(not_before, 0), COALESCE(sent_at, 0)) + ?2 <= ${nowSql}`;

/**
 * Tasks that have been due for `dueMs` and that no slot has taken: their messages may be lost, or slots are
 * few. A message for each is a hint to open a slot. Reads at most `readyRowsMax` rows of the index.
 */
export async function findReadyTasks(
  db: D1Database,
  limit: number,
  dueMs: number,
): Promise<DueTask[]> {
  return sql.all<DueTask>(
    db,
    "find ready tasks",
    `SELECT id, fence, model, priority, status, not_before FROM (
       ${dueReadySql("normal")} UNION ALL ${dueReadySql("low")}) LIMIT ?1`,
    [limit, dueMs],
  );
}
