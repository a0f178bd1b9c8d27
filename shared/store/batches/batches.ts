/** Rows of `batches`: the row that a 202 response promises, lists, cancel and reopen. */
import { batchLimits } from "../../limits.ts";
import { nowSql } from "../clock.ts";
import { sql } from "../sql.ts";
import type { BatchRow } from "./batch_row.ts";

type Core = "id" | "tenant" | "total" | "input_key" | "defaults" | "labels" | "limits";

type Fixed =
  | "idempotency_key"
  | "body_hash"
  | "schedule_id"
  | "tick_at"
  | "webhook"
  | "after_batch"
  | "after_status"
  | "template"
  | "waits"
  | "scopes"
  | "key_id"
  | "openai";

/** The columns of a submission; those left out are null, and `waits` is 0. */
export type NewBatch = Pick<BatchRow, Core> & Partial<Pick<BatchRow, Fixed>>;

/** In the order in which they are bound. */
const fixedColumns = `id, tenant, idempotency_key, body_hash, total, input_key, defaults, labels, limits,
  schedule_id, tick_at, webhook, after_batch, after_status, template, waits, scopes, key_id, openai`;

/** False when the idempotency key or the tick is taken. A batch that waits for another is not expanded yet. */
export async function insertBatch(db: D1Database, batch: NewBatch): Promise<boolean> {
  const changedRows = await sql.run(
    db,
    "insert batch",
    `INSERT INTO batches (${fixedColumns}, status, created_at, sweep_at, close_at)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,
       'running', ${nowSql}, CASE WHEN ?16 = 0 THEN ${nowSql} + ${batchLimits.expandGraceMs} END, ${nowSql})
     ON CONFLICT DO NOTHING`,
    [
      batch.id,
      batch.tenant,
      batch.idempotency_key ?? null,
      batch.body_hash ?? null,
      batch.total,
      batch.input_key,
      batch.defaults,
      batch.labels,
      batch.limits,
      batch.schedule_id ?? null,
      batch.tick_at ?? null,
      batch.webhook ?? null,
      batch.after_batch ?? null,
      batch.after_status ?? null,
      batch.template ?? null,
      batch.waits ?? 0,
      batch.scopes ?? null,
      batch.key_id ?? null,
      batch.openai ?? null,
    ],
  );
  return changedRows === 1;
}

/** A batch that is rejected as a whole: inserted as finished, without tasks, with the reason in `problem`. */
export async function insertRejectedBatch(
  db: D1Database,
  batch: Pick<BatchRow, "id" | "tenant" | "idempotency_key" | "input_key" | "openai" | "problem">,
): Promise<void> {
  await sql.run(
    db,
    "insert rejected batch",
    `INSERT INTO batches (id, tenant, idempotency_key, input_key, openai, problem, status, total,
       created_at, finished_at)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'finished', 0, ${nowSql}, ${nowSql}) ON CONFLICT DO NOTHING`,
    [batch.id, batch.tenant, batch.idempotency_key, batch.input_key, batch.openai, batch.problem],
  );
}

export async function findBatchByKey(
  db: D1Database,
  tenant: string,
  key: string,
): Promise<BatchRow | null> {
  return sql.first<BatchRow>(
    db,
    "find batch by key",
    "SELECT * FROM batches WHERE tenant = ?1 AND idempotency_key = ?2",
    [tenant, key],
  );
}

/** The one batch of a schedule's tick, or null. */
export async function findBatchByTick(
  db: D1Database,
  scheduleId: string,
  tickAt: number,
): Promise<BatchRow | null> {
  return sql.first<BatchRow>(
    db,
    "find batch by tick",
    "SELECT * FROM batches WHERE schedule_id = ?1 AND tick_at = ?2",
    [scheduleId, tickAt],
  );
}

export async function readBatch(
  db: D1Database,
  tenant: string,
  id: string,
): Promise<BatchRow | null> {
  return sql.first<BatchRow>(
    db,
    "read batch",
    "SELECT * FROM batches WHERE id = ?1 AND tenant = ?2",
    [id, tenant],
  );
}

/**
 * Requests the cancel of the batch and of its live tasks in one transaction. A line that is expanded later
 * reads the batch's row. The sweep sends the tasks, so that they settle soon.
 */
export async function cancelBatch(
  db: D1Database,
  tenant: string,
  id: string,
  range: { from: string; to: string },
): Promise<void> {
  await sql.batch(db, "cancel batch", [
    sql.statement(
      db,
      `UPDATE batches SET cancel_requested_at = COALESCE(cancel_requested_at, ${nowSql}),
       status = IIF(waits = 1 AND total = 0, 'finished', 'cancelling'),
       finished_at = IIF(waits = 1 AND total = 0, ${nowSql}, NULL), waits = 0, close_at = ${nowSql},
       sweep_at = CASE WHEN waits = 1 AND total > 0 THEN ${nowSql} ELSE sweep_at END WHERE id = ?1 AND tenant = ?2 AND status <> 'finished'`,
      [id, tenant],
    ),
    sql.statement(
      db,
      `UPDATE tasks SET cancel_requested_at = ${nowSql}, not_before = NULL,
         sent_at = CASE WHEN status = 'queued' THEN NULL ELSE sent_at END,
         sweep_at = CASE WHEN status = 'queued' THEN ${nowSql} ELSE sweep_at END
       WHERE tenant = ?1 AND id >= ?2 AND id < ?3 AND status IN ('queued', 'running')
         AND cancel_requested_at IS NULL`,
      [tenant, range.from, range.to],
    ),
  ]);
}

/** After a redrive of its tasks a batch is not cancelling any more, if it is completely expanded. */
export async function reopenBatch(db: D1Database, tenant: string, id: string): Promise<void> {
  await sql.run(
    db,
    "reopen batch",
    `UPDATE batches SET cancel_requested_at = NULL, status = 'running'
     WHERE id = ?1 AND tenant = ?2 AND cancel_requested_at IS NOT NULL AND expanded >= total`,
    [id, tenant],
  );
}

/** Newest first; one row more than `limit` shows that another page follows. */
export async function listBatches(
  db: D1Database,
  tenant: string,
  filter: { status: BatchRow["status"] | null; cursor: string | null; limit: number },
): Promise<BatchRow[]> {
  return sql.all<BatchRow>(
    db,
    "list batches",
    `SELECT * FROM batches WHERE tenant = ?1 AND id < ?2 AND (?3 IS NULL OR status = ?3)
     ORDER BY id DESC LIMIT ?4`,
    [tenant, filter.cursor ?? "batch`", filter.status, filter.limit + 1],
  );
}

/** Batches of the OpenAI API, newest first; one row more than `limit` shows that another page follows. */
export async function listOpenAiBatches(
  db: D1Database,
  tenant: string,
  { after, limit }: { after: string | null; limit: number },
): Promise<BatchRow[]> {
  return sql.all<BatchRow>(
    db,
    "list batches",
    `SELECT * FROM batches WHERE tenant = ?1 AND id < ?2 AND openai IS NOT NULL
     ORDER BY id DESC LIMIT ?3`,
    [tenant, after ?? "batch`", limit + 1],
  );
}
