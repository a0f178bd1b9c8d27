/** Batches past their retention time. */
import { sweepLimits } from "../../limits.ts";
import { sql } from "../sql.ts";
import { type CleanupPage, cleanupPageOf } from "./cleanup_page.ts";

export interface OldBatch {
  id: string;
  tenant: string;
}

/**
 * Expanded, closed, without waiting followers, and all tasks settled before `before`. Its tasks are found by
 * the id prefix.
 */
const oldBatchSql = `sweep_at IS NULL AND close_at IS NULL AND waits = 0 AND expanded >= total
  AND created_at <= ?1 AND NOT EXISTS (SELECT 1 FROM batches AS waiting
    WHERE waiting.after_batch = batches.id AND waiting.waits = 1)
  AND NOT EXISTS (SELECT 1 FROM tasks
    WHERE tasks.id > 'task_' || substr(batches.id, 7) || '-'
      AND tasks.id < 'task_' || substr(batches.id, 7) || '.'
      AND (tasks.sweep_at IS NOT NULL OR tasks.finished_at > ?1))`;

export async function listOldBatches(
  db: D1Database,
  page: { after: string; bound: string; before: number },
): Promise<CleanupPage<OldBatch>> {
  const rows = await sql.all<OldBatch & { old: number }>(
    db,
    "list old batches",
    `SELECT id, tenant, (${oldBatchSql}) AS old FROM batches
     WHERE id > ?2 AND id < ?3 ORDER BY id LIMIT ${sweepLimits.oldBatchesPerPage}`,
    [page.before, page.after, page.bound],
  );
  return cleanupPageOf(rows, sweepLimits.oldBatchesPerPage);
}

/** Removes batches; returns the ids that have no row any more. Their tasks are then removed like any others. */
export async function removeBatches(
  db: D1Database,
  batches: readonly OldBatch[],
  before: number,
): Promise<string[]> {
  const json = JSON.stringify(batches.map(({ id }) => id));
  const [, removed] = await sql.batch<[unknown, { id: string }]>(db, "remove batches", [
    sql.statement(
      db,
      `DELETE FROM batches WHERE id IN (SELECT value FROM json_each(?2)) AND ${oldBatchSql}`,
      [before, json],
    ),
    sql.statement(
      db,
      `SELECT value AS id FROM json_each(?1)
       WHERE NOT EXISTS (SELECT 1 FROM batches WHERE batches.id = value)`,
      [json],
    ),
  ]);
  return removed.results.map(({ id }) => id);
}
