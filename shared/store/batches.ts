/** Rows of `batches`: what a batch's 202 promises, and the cursor of its expansion. */
import { batchLimits } from "../limits.ts";
import { retrying } from "../retrying.ts";
import { type Status, statuses } from "../states.ts";
import { addUsage, noUsage, readUsage, type Usage } from "../usage.ts";
import { nowSql } from "./clock.ts";

export interface BatchRow {
  id: string;
  tenant: string;
  idempotency_key: string | null;
  body_hash: string | null;
  status: "running" | "cancelling" | "finished";
  total: number;
  expanded: number;
  cursor_byte: number;
  input_key: string;
  /** Fields that lines take unless they name them; JSON text. */
  defaults: string;
  labels: string;
  limits: string;
  created_at: number;
  cancel_requested_at: number | null;
  finished_at: number | null;
  sweep_at: number | null;
  /** How often the sweep has tried since the cursor last moved. */
  tries: number;
  /** The schedule and the tick that it comes from; null for one that was sent. */
  schedule_id: string | null;
  tick_at: number | null;
}

export type NewBatch = Pick<
  BatchRow,
  | "id"
  | "tenant"
  | "idempotency_key"
  | "body_hash"
  | "total"
  | "input_key"
  | "defaults"
  | "labels"
  | "limits"
  | "schedule_id"
  | "tick_at"
>;

/** False when the idempotency key or the tick is taken. */
export async function insertBatch(db: D1Database, batch: NewBatch): Promise<boolean> {
  const { meta } = await retrying("insert batch", () =>
    db
      .prepare(
        `INSERT INTO batches (id, tenant, idempotency_key, body_hash, status, total, input_key,
           defaults, labels, limits, created_at, sweep_at, schedule_id, tick_at)
         VALUES (?1, ?2, ?3, ?4, 'running', ?5, ?6, ?7, ?8, ?9, ${nowSql}, ${nowSql} + ${batchLimits.expandGraceMs}, ?10, ?11)
         ON CONFLICT DO NOTHING`,
      )
      .bind(
        batch.id,
        batch.tenant,
        batch.idempotency_key,
        batch.body_hash,
        batch.total,
        batch.input_key,
        batch.defaults,
        batch.labels,
        batch.limits,
        batch.schedule_id,
        batch.tick_at,
      )
      .run(),
  );
  return meta.changes === 1;
}

export async function findBatchByKey(
  db: D1Database,
  tenant: string,
  key: string,
): Promise<BatchRow | null> {
  return retrying("find batch by key", () =>
    db
      .prepare("SELECT * FROM batches WHERE tenant = ?1 AND idempotency_key = ?2")
      .bind(tenant, key)
      .first<BatchRow>(),
  );
}

/** The one batch of a schedule's tick, or null. */
export async function findBatchByTick(
  db: D1Database,
  scheduleId: string,
  tickAt: number,
): Promise<BatchRow | null> {
  return retrying("find batch by tick", () =>
    db
      .prepare("SELECT * FROM batches WHERE schedule_id = ?1 AND tick_at = ?2")
      .bind(scheduleId, tickAt)
      .first<BatchRow>(),
  );
}

export async function readBatch(
  db: D1Database,
  tenant: string,
  id: string,
): Promise<BatchRow | null> {
  return retrying("read batch", () =>
    db
      .prepare("SELECT * FROM batches WHERE id = ?1 AND tenant = ?2")
      .bind(id, tenant)
      .first<BatchRow>(),
  );
}

/**
 * Moves the cursor from `expanded` to `next.expanded`. Two expanders of one batch do the same
 * idempotent inserts; only one moves the cursor, and the other reads where it stands. `tries` is kept
 * where the lines are gone, so that the rest is given up at once too.
 */
export async function moveCursor(
  db: D1Database,
  id: string,
  expanded: number,
  next: { expanded: number; cursorByte: number; tries: number },
): Promise<boolean> {
  const { meta } = await retrying("move cursor", () =>
    db
      .prepare(
        `UPDATE batches SET expanded = ?3, cursor_byte = ?4, tries = ?5,
           sweep_at = CASE WHEN ?3 >= total THEN NULL ELSE ${nowSql} + ${batchLimits.expandGraceMs} END
         WHERE id = ?1 AND expanded = ?2`,
      )
      .bind(id, expanded, next.expanded, next.cursorByte, next.tries)
      .run(),
  );
  return meta.changes === 1;
}

/**
 * Asks for a cancel of the whole batch and of each of its live tasks, at once: a line that is expanded
 * before is in the range, one that is expanded later reads the batch's row. The sweep sends them, so
 * that they settle soon.
 */
export async function cancelBatch(
  db: D1Database,
  tenant: string,
  id: string,
  range: { from: string; to: string },
): Promise<void> {
  await retrying("cancel batch", () =>
    db.batch([
      db
        .prepare(
          `UPDATE batches SET cancel_requested_at = COALESCE(cancel_requested_at, ${nowSql}),
             status = 'cancelling' WHERE id = ?1 AND tenant = ?2 AND status <> 'finished'`,
        )
        .bind(id, tenant),
      db
        .prepare(
          `UPDATE tasks SET cancel_requested_at = ${nowSql}, not_before = NULL,
             sent_at = CASE WHEN status = 'queued' THEN NULL ELSE sent_at END,
             sweep_at = CASE WHEN status = 'queued' THEN ${nowSql} ELSE sweep_at END
           WHERE tenant = ?1 AND id >= ?2 AND id < ?3 AND status IN ('queued', 'running')
             AND cancel_requested_at IS NULL`,
        )
        .bind(tenant, range.from, range.to),
    ]),
  );
}

/** A batch whose tasks are redriven is not being cancelled any more, once all its lines are tasks. */
export async function reopenBatch(db: D1Database, tenant: string, id: string): Promise<void> {
  await retrying("reopen batch", () =>
    db
      .prepare(
        `UPDATE batches SET cancel_requested_at = NULL, status = 'running'
         WHERE id = ?1 AND tenant = ?2 AND cancel_requested_at IS NOT NULL AND expanded >= total`,
      )
      .bind(id, tenant)
      .run(),
  );
}

/**
 * Takes the batch whose expansion stands still for longest and moves its next look ahead, doubling
 * each time, in one statement: two sweeps at once take different ones, and one that cannot be
 * expanded does not stand before the others.
 */
export async function takeUnexpanded(db: D1Database): Promise<BatchRow | null> {
  return retrying("take unexpanded batch", () =>
    db
      .prepare(
        `UPDATE batches SET tries = tries + 1,
           sweep_at = ${nowSql} + MIN(${batchLimits.expandRetryMsMax}, ${batchLimits.expandRetryMsMin} * (1 << MIN(tries, 16)))
         WHERE id = (SELECT id FROM batches WHERE sweep_at <= ${nowSql} ORDER BY sweep_at LIMIT 1)
         RETURNING *`,
      )
      .first<BatchRow>(),
  );
}

export type Counts = { total: number } & Record<Status, number>;

/** What became of a batch's tasks, and what they used. Lines not yet expanded count as queued. */
export async function tallyBatch(
  db: D1Database,
  batch: BatchRow,
  range: { from: string; to: string },
): Promise<{ counts: Counts; usage: Usage; finishedAt: number | null }> {
  const fields = Object.keys(noUsage).map(
    (field) => `'${field}', SUM(COALESCE(json_extract(usage, '$.${field}'), 0))`,
  );
  const { results } = await retrying("tally batch", () =>
    db
      .prepare(
        `SELECT status, COUNT(*) AS n, MAX(finished_at) AS finished_at,
           json_object(${fields.join(", ")}) AS usage
         FROM tasks WHERE id >= ?1 AND id < ?2 GROUP BY status`,
      )
      .bind(range.from, range.to)
      .all<{ status: Status; n: number; finished_at: number | null; usage: string }>(),
  );
  const counts = { total: batch.total } as Counts;
  for (const status of statuses) counts[status] = 0;
  let usage = noUsage;
  let finishedAt: number | null = null;
  for (const row of results) {
    counts[row.status] = row.n;
    usage = addUsage(usage, readUsage(row.usage));
    if (row.finished_at !== null) finishedAt = Math.max(finishedAt ?? 0, row.finished_at);
  }
  const made = statuses.reduce((sum, status) => sum + counts[status], 0);
  counts.queued += Math.max(0, batch.total - made);
  return { counts, usage, finishedAt };
}
