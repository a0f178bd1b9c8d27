/** Rows of `batches`: what a batch's 202 promises, and the cursor of its expansion. */
import { batchLimits } from "../limits.ts";
import { retrying } from "../retrying.ts";
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
  /** When the sweep must look whether it is finished; null once it is, and its results are in R2. */
  close_at: number | null;
  /** JSON of {url, secret}: who is told when it is finished. */
  webhook: string | null;
  /** The batch that it follows, and the statuses of that one's tasks that it takes; JSON list. */
  after_batch: string | null;
  after_status: string | null;
  /** JSON: makes its tasks of the results that it takes; null where it has its own lines. */
  template: string | null;
  /** 1 until the batch that it follows is finished. */
  waits: number;
  /** What the key could do that sent it; JSON list, kept while it waits. */
  scopes: string | null;
  /** JSON: why it has no tasks, or none yet, {code, message, details}. */
  problem: string | null;
  paused_at: number | null;
  /** The key of `api_keys` that sent it; null where the fleet itself vouches for it. */
  key_id: string | null;
  /** JSON of what it says in OpenAI's shape beside its lines; null for every other batch. */
  openai: string | null;
}

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

/** What a submission fixes; what it leaves out is null, and it waits for nothing. */
export type NewBatch = Pick<BatchRow, Core> & Partial<Pick<BatchRow, Fixed>>;

/** The columns that a submission fixes, in the order in which they are bound. */
const fixedColumns = `id, tenant, idempotency_key, body_hash, total, input_key, defaults, labels, limits,
  schedule_id, tick_at, webhook, after_batch, after_status, template, waits, scopes, key_id, openai`;

/**
 * False when the idempotency key or the tick is taken. One that waits for another batch is not expanded
 * before that one is finished.
 */
export async function insertBatch(db: D1Database, batch: NewBatch): Promise<boolean> {
  const { meta } = await retrying("insert batch", () =>
    db
      .prepare(
        `INSERT INTO batches (${fixedColumns}, status, created_at, sweep_at, close_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,
           'running', ${nowSql}, CASE WHEN ?16 = 0 THEN ${nowSql} + ${batchLimits.expandGraceMs} END,
           ${nowSql} + ${batchLimits.closeEveryMs})
         ON CONFLICT DO NOTHING`,
      )
      .bind(
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
      )
      .run(),
  );
  return meta.changes === 1;
}

/** A batch that is refused as a whole and says so: finished at its birth, without tasks. */
export async function insertRefusedBatch(
  db: D1Database,
  batch: Pick<BatchRow, "id" | "tenant" | "idempotency_key" | "input_key" | "openai" | "problem">,
): Promise<void> {
  await retrying("insert refused batch", () =>
    db
      .prepare(
        `INSERT INTO batches (id, tenant, idempotency_key, input_key, openai, problem, status, total,
           created_at, finished_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'finished', 0, ${nowSql}, ${nowSql}) ON CONFLICT DO NOTHING`,
      )
      .bind(
        batch.id,
        batch.tenant,
        batch.idempotency_key,
        batch.input_key,
        batch.openai,
        batch.problem,
      )
      .run(),
  );
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
             status = 'cancelling', waits = 0, close_at = ${nowSql},
             sweep_at = CASE WHEN waits = 1 AND total > 0 THEN ${nowSql} ELSE sweep_at END WHERE id = ?1 AND tenant = ?2 AND status <> 'finished'`,
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
         WHERE id = (SELECT id FROM batches WHERE sweep_at <= ${nowSql} AND paused_at IS NULL
           ORDER BY sweep_at LIMIT 1)
         RETURNING *`,
      )
      .first<BatchRow>(),
  );
}

/** Newest first, one more than asked for, so that the caller knows whether a page follows. */
export async function listBatches(
  db: D1Database,
  tenant: string,
  filter: { status: BatchRow["status"] | null; cursor: string | null; limit: number },
): Promise<BatchRow[]> {
  const { results } = await retrying("list batches", () =>
    db
      .prepare(
        `SELECT * FROM batches WHERE tenant = ?1 AND id < ?2 AND (?3 IS NULL OR status = ?3)
         ORDER BY id DESC LIMIT ?4`,
      )
      .bind(tenant, filter.cursor ?? "batch`", filter.status, filter.limit + 1)
      .all<BatchRow>(),
  );
  return results;
}

/** Those in OpenAI's shape, newest first, one more than asked for. */
export async function listOpenAiBatches(
  db: D1Database,
  tenant: string,
  { after, limit }: { after: string | null; limit: number },
): Promise<BatchRow[]> {
  const { results } = await retrying("list batches", () =>
    db
      .prepare(
        `SELECT * FROM batches WHERE tenant = ?1 AND id < ?2 AND openai IS NOT NULL
         ORDER BY id DESC LIMIT ?3`,
      )
      .bind(tenant, after ?? "batch`", limit + 1)
      .all<BatchRow>(),
  );
  return results;
}
