/** Inserts into `tasks`: the row that a 202 response promises. */
import { sweepLimits } from "../../limits.ts";
import { nowSql } from "../clock.ts";
import { currentEpochSql } from "../restores.ts";
import { sql } from "../sql.ts";
import { listedTask, type StoredTaskRow, type TaskRow, taskColumns } from "./task_row.ts";

/** The columns of a submission; D1 sets times, status and fence. */
export interface NewTask {
  id: string;
  tenant: string;
  batch_id: string | null;
  batch_index: number | null;
  custom_id: string | null;
  idempotency_key: string | null;
  body_hash: string | null;
  attempts: number;
  model: string;
  policy: string;
  sandbox: string;
  priority: "normal" | "low";
  /** JSON text. */
  labels: string;
  /** The task's body as JSON text; null when it is stored in R2. */
  spec: string | null;
  not_before: number | null;
  expires_at: number | null;
  /** JSON text. */
  webhook?: string | null;
  /** JSON text. */
  answer_to?: string | null;
  concurrency_key?: string | null;
  concurrency_limit?: number | null;
}

/**
 * One statement and one parameter for 1 or 500 rows; repeating it changes nothing.
 *
 * `sent_at` assumes that the following send succeeds. A mark after the send would write two rows per task;
 * this writes none: a failed send calls `markUnsent`, and a crash between the two is a lost message, which
 * the sweep makes up for with hints. A line of a cancelled batch is inserted as cancelled and is due at once.
 */
const insertSql = `
  INSERT INTO tasks (id, tenant, batch_id, batch_index, custom_id, idempotency_key, body_hash,
    attempts, model, policy, sandbox, priority, labels, spec, not_before, expires_at,
    webhook, answer_to, concurrency_key, concurrency_limit, cancel_requested_at, status, created_at, sent_at, sends, sweep_at, epoch)
  SELECT value->>'id', value->>'tenant', value->>'batch_id', value->>'batch_index',
    value->>'custom_id', value->>'idempotency_key', value->>'body_hash', value->>'attempts',
    value->>'model', value->>'policy', value->>'sandbox', value->>'priority', value->>'labels',
    value->>'spec', IIF(cancelled IS NULL, value->>'not_before', NULL), value->>'expires_at',
    value->>'webhook', value->>'answer_to', value->>'concurrency_key', value->>'concurrency_limit', cancelled, 'queued', ${nowSql}, IIF(cancelled IS NULL, ${nowSql}, NULL), 1,
    IIF(cancelled IS NULL,
      COALESCE(value->>'expires_at', ${sweepLimits.never}), ${nowSql}), ${currentEpochSql}
  FROM (SELECT value, (SELECT cancel_requested_at FROM batches
                       WHERE batches.id = value->>'batch_id') AS cancelled FROM json_each(?1))
  WHERE true
  ON CONFLICT DO NOTHING
  RETURNING id`;

/** Returns the ids that were inserted; the others existed already. */
export async function insertTasks(db: D1Database, tasks: readonly NewTask[]): Promise<string[]> {
  const rows = await sql.all<{ id: string }>(db, "insert tasks", insertSql, [
    JSON.stringify(tasks),
  ]);
  return rows.map((row) => row.id);
}

/**
 * Inserts one task and reads it in the same transaction: this one, or the one that its idempotency key has created.
 * Null if neither exists.
 */
export async function insertTask(db: D1Database, task: NewTask): Promise<TaskRow | null> {
  const key = task.idempotency_key;
  const found =
    key === null
      ? sql.statement(db, `SELECT ${taskColumns} FROM tasks WHERE id = ?1`, [task.id])
      : sql.statement(db, byKeySql, [task.tenant, key]);
  const [, rows] = await sql.batch<[{ id: string }, StoredTaskRow]>(db, "insert task", [
    sql.statement(db, insertSql, [JSON.stringify([task])]),
    found,
  ]);
  const [row] = rows.results;
  return row === undefined ? null : listedTask(row);
}

const byKeySql = `SELECT ${taskColumns} FROM tasks WHERE tenant = ?1 AND idempotency_key = ?2`;

/** The task with an idempotency key, or null. */
export async function findTaskByKey(
  db: D1Database,
  tenant: string,
  key: string,
): Promise<TaskRow | null> {
  const row = await sql.first<StoredTaskRow>(db, "find task by key", byKeySql, [tenant, key]);
  return row === null ? null : listedTask(row);
}

/** Called after a failed send: the next sweep sends these tasks. */
export async function markUnsent(db: D1Database, ids: readonly string[]): Promise<void> {
  await sql.run(
    db,
    "mark unsent",
    `UPDATE tasks SET sent_at = NULL, sweep_at = MAX(${nowSql}, COALESCE(not_before, 0))
     WHERE id IN (SELECT value FROM json_each(?1))
       AND (status = 'queued' OR (status = 'running' AND lease_until < ${nowSql}))`,
    [JSON.stringify(ids)],
  );
}
