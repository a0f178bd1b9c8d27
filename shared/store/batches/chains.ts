/** Writes that start or end a batch that waits for another batch. Each happens once. */
import { batchLimits } from "../../limits.ts";
import { nowSql } from "../clock.ts";
import { sql } from "../sql.ts";
import type { BatchRow } from "./batch_row.ts";

export async function listFollowers(db: D1Database, id: string): Promise<BatchRow[]> {
  return sql.all<BatchRow>(
    db,
    "list followers",
    `SELECT * FROM batches INDEXED BY batches_waiting WHERE after_batch = ?1 AND waits = 1
     ORDER BY id LIMIT ${batchLimits.batchesPerTickMax}`,
    [id],
  );
}

/** Starts its expansion. Null when it does not wait any more. */
export async function startWaitingBatch(
  db: D1Database,
  id: string,
  total: number,
): Promise<BatchRow | null> {
  return sql.first<BatchRow>(
    db,
    "start waiting batch",
    `UPDATE batches SET waits = 0, total = ?2, problem = NULL, sweep_at = ${nowSql} + ${batchLimits.expandGraceMs},
       close_at = ${nowSql} + ${batchLimits.closeEveryMs}
     WHERE id = ?1 AND waits = 1 RETURNING *`,
    [id, total],
  );
}

/** Stores why a batch still waits although the other is finished. Written once for each reason. */
export async function markWaitingReason(
  db: D1Database,
  id: string,
  problem: string,
): Promise<void> {
  await sql.run(
    db,
    "mark waiting reason",
    "UPDATE batches SET problem = ?2 WHERE id = ?1 AND waits = 1 AND problem IS NOT ?2",
    [id, problem],
  );
}

/** Ends the wait with a reason; its own lines are expanded as cancelled. */
export async function cancelWaitingBatch(
  db: D1Database,
  id: string,
  problem: string,
): Promise<BatchRow | null> {
  return sql.first<BatchRow>(
    db,
    "cancel waiting batch",
    `UPDATE batches SET waits = 0, problem = ?2,
       status = IIF(total > 0, 'cancelling', 'finished'), finished_at = IIF(total > 0, NULL, ${nowSql}),
       cancel_requested_at = COALESCE(cancel_requested_at, ${nowSql}),
       sweep_at = CASE WHEN total > 0 THEN ${nowSql} END, close_at = ${nowSql}
     WHERE id = ?1 AND waits = 1 RETURNING *`,
    [id, problem],
  );
}
