/** The end of a batch: when it is finished, and when its results are complete. */
import { batchLimits } from "../../limits.ts";
import { nowSql } from "../clock.ts";
import { sql } from "../sql.ts";
import type { BatchRow } from "./batch_row.ts";
import type { Tally } from "./tallies.ts";

/** Whether all tasks have ended: the condition of `finishBatch`. Pure. */
export const isDone = (batch: BatchRow, { counts }: Tally): boolean =>
  batch.waits === 0 && batch.expanded >= batch.total && counts.queued + counts.running === 0;

/** The row as `finishBatch` will write it, for reads, which must not write. Pure. */
export function withFinish(batch: BatchRow, tally: Tally): BatchRow {
  if (batch.status === "finished" || tally.finishedAt === null || !isDone(batch, tally)) {
    return batch;
  }
  return { ...batch, status: "finished", finished_at: tally.finishedAt };
}

/** Takes batches whose check is due, the longest due first. Concurrent sweeps take different ones. */
export async function takeBatchesToClose(db: D1Database, limit: number): Promise<BatchRow[]> {
  return sql.all<BatchRow>(
    db,
    "take batches to close",
    `UPDATE batches SET close_at = ${nowSql} + ${batchLimits.closeEveryMs}
     WHERE id IN (SELECT id FROM batches WHERE close_at <= ${nowSql} ORDER BY close_at LIMIT ?1)
     RETURNING *`,
    [limit],
  );
}

/**
 * Finishes a batch whose tasks have all ended; null when one has not, or when the batch was finished before.
 * The condition is part of the write, so a batch is finished only once, and only when it is true.
 */
export async function finishBatch(db: D1Database, id: string): Promise<BatchRow | null> {
  return sql.first<BatchRow>(
    db,
    "finish batch",
    `UPDATE batches SET status = 'finished', close_at = ${nowSql}, finished_at = COALESCE(
       (SELECT MAX(finished_at) FROM batch_tallies WHERE batch_id = ?1), ${nowSql})
     WHERE id = ?1 AND status <> 'finished' AND expanded >= total AND waits = 0
       AND NOT EXISTS (SELECT 1 FROM batch_tallies
         WHERE batch_id = ?1 AND (stale = 1 OR queued + running > 0))
     RETURNING *`,
    [id],
  );
}

/** Stops the checks of a finished batch whose results are complete in R2. */
export async function closeBatch(db: D1Database, id: string): Promise<void> {
  await sql.run(
    db,
    "close batch",
    `UPDATE batches SET close_at = NULL WHERE id = ?1 AND status = 'finished'
     AND NOT EXISTS (SELECT 1 FROM batch_tallies
       WHERE batch_id = ?1 AND (stale = 1 OR results_key IS NULL))`,
    [id],
  );
}
