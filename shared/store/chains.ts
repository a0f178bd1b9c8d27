/** The writes of `batches` that start, or end, a batch which waits for another. Each happens once. */
import { batchLimits } from "../limits.ts";
import { retrying } from "../retrying.ts";
import type { BatchRow } from "./batches.ts";
import { nowSql } from "./clock.ts";

export async function followersOf(db: D1Database, id: string): Promise<BatchRow[]> {
  const { results } = await retrying("followers", () =>
    db
      .prepare(
        `SELECT * FROM batches INDEXED BY batches_waiting WHERE after_batch = ?1 AND waits = 1
         ORDER BY id LIMIT ${batchLimits.batchesPerTickMax}`,
      )
      .bind(id)
      .all<BatchRow>(),
  );
  return results;
}

/** From here on it is expanded like any other. Null when it does not wait any more. */
export async function startWaiting(
  db: D1Database,
  id: string,
  total: number,
): Promise<BatchRow | null> {
  return retrying("start waiting batch", () =>
    db
      .prepare(
        `UPDATE batches SET waits = 0, total = ?2, problem = NULL, sweep_at = ${nowSql} + ${batchLimits.expandGraceMs},
           close_at = ${nowSql} + ${batchLimits.closeEveryMs}
         WHERE id = ?1 AND waits = 1 RETURNING *`,
      )
      .bind(id, total)
      .first<BatchRow>(),
  );
}

/** Says why a batch waits on although the other is finished. Written once for each reason. */
export async function markWaitingReason(
  db: D1Database,
  id: string,
  problem: string,
): Promise<void> {
  await retrying("tell waiting batch", () =>
    db
      .prepare("UPDATE batches SET problem = ?2 WHERE id = ?1 AND waits = 1 AND problem IS NOT ?2")
      .bind(id, problem)
      .run(),
  );
}

/** Ends the wait with a reason; lines that it has are expanded as cancelled. */
export async function cancelWaiting(
  db: D1Database,
  id: string,
  problem: string,
): Promise<BatchRow | null> {
  return retrying("cancel waiting batch", () =>
    db
      .prepare(
        `UPDATE batches SET waits = 0, problem = ?2, status = 'cancelling',
           cancel_requested_at = COALESCE(cancel_requested_at, ${nowSql}),
           sweep_at = CASE WHEN total > 0 THEN ${nowSql} END, close_at = ${nowSql}
         WHERE id = ?1 AND waits = 1 RETURNING *`,
      )
      .bind(id, problem)
      .first<BatchRow>(),
  );
}
