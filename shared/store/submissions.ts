/** The accept side of `tasks`: the row that a 202 promises. */
import { sweepLimits } from "../limits.ts";
import { retrying } from "../retrying.ts";
import { nowSql } from "./clock.ts";
import { type TaskRow, taskColumns } from "./task_row.ts";

/** What a submission fixes; D1 adds times, status and fence. */
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
  /** The task's body as JSON text, or null where it stands in R2. */
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
 * `sent_at` assumes that the send which follows succeeds. A mark after the send costs two rows a task;
 * this costs none, a send that is known to fail calls `markUnsent`, and a crash between the two is
 * found by the sweep like any lost message. A line of a batch that is to be cancelled is born so, and
 * waits for nothing.
 */
const insertSql = `
  INSERT INTO tasks (id, tenant, batch_id, batch_index, custom_id, idempotency_key, body_hash,
    attempts, model, policy, sandbox, priority, labels, spec, not_before, expires_at,
    webhook, answer_to, concurrency_key, concurrency_limit, cancel_requested_at, status, created_at, sent_at, sends, sweep_at)
  SELECT value->>'id', value->>'tenant', value->>'batch_id', value->>'batch_index',
    value->>'custom_id', value->>'idempotency_key', value->>'body_hash', value->>'attempts',
    value->>'model', value->>'policy', value->>'sandbox', value->>'priority', value->>'labels',
    value->>'spec', IIF(cancelled IS NULL, value->>'not_before', NULL), value->>'expires_at',
    value->>'webhook', value->>'answer_to', value->>'concurrency_key', value->>'concurrency_limit', cancelled, 'queued', ${nowSql}, IIF(cancelled IS NULL, ${nowSql}, NULL), 1,
    IIF(cancelled IS NULL,
      MIN(MAX(${nowSql}, COALESCE(value->>'not_before', 0)) + ${sweepLimits.resendAfterMs},
          COALESCE(value->>'expires_at', 9e15)),
      ${nowSql})
  FROM (SELECT value, (SELECT cancel_requested_at FROM batches
                       WHERE batches.id = value->>'batch_id') AS cancelled FROM json_each(?1))
  WHERE true
  ON CONFLICT DO NOTHING
  RETURNING id`;

/** Returns the ids that are new; those missing stood there already. */
export async function insertTasks(db: D1Database, tasks: readonly NewTask[]): Promise<string[]> {
  const { results } = await retrying("insert tasks", () =>
    db.prepare(insertSql).bind(JSON.stringify(tasks)).all<{ id: string }>(),
  );
  return results.map((row) => row.id);
}

/** The task that holds an idempotency key, or null. */
export async function findByKey(
  db: D1Database,
  tenant: string,
  key: string,
): Promise<TaskRow | null> {
  return retrying("find task by key", () =>
    db
      .prepare(`SELECT ${taskColumns} FROM tasks WHERE tenant = ?1 AND idempotency_key = ?2`)
      .bind(tenant, key)
      .first<TaskRow>(),
  );
}

/** After a send that failed: the next sweep sends these. */
export async function markUnsent(db: D1Database, ids: readonly string[]): Promise<void> {
  await retrying("mark unsent", () =>
    db
      .prepare(
        `UPDATE tasks SET sent_at = NULL, sweep_at = MAX(${nowSql}, COALESCE(not_before, 0))
         WHERE id IN (SELECT value FROM json_each(?1))
           AND (status = 'queued' OR (status = 'running' AND lease_until < ${nowSql}))`,
      )
      .bind(JSON.stringify(ids))
      .run(),
  );
}
