/** The expansion of a batch: its cursor, and the retries of the sweep. */
import { batchLimits } from "../../limits.ts";
import { nowSql } from "../clock.ts";
import { sql } from "../sql.ts";
import type { BatchRow } from "./batch_row.ts";

/**
 * Moves the cursor from `expanded` to `next.expanded`. Two expanders of one batch do the same idempotent
 * inserts; only one moves the cursor, and the other reads it. `tries` is kept when the lines are missing,
 * so that the rest of the batch fails at once too.
 */
export async function moveCursor(
  db: D1Database,
  id: string,
  expanded: number,
  next: { expanded: number; cursorByte: number; tries: number },
): Promise<boolean> {
  const changedRows = await sql.run(
    db,
    "move cursor",
    `UPDATE batches SET expanded = ?3, cursor_byte = ?4, tries = ?5,
       sweep_at = CASE WHEN ?3 >= total THEN NULL ELSE ${nowSql} + ${batchLimits.expandGraceMs} END
     WHERE id = ?1 AND expanded = ?2`,
    [id, expanded, next.expanded, next.cursorByte, next.tries],
  );
  return changedRows === 1;
}

/**
 * Takes the batch whose expansion is due for longest and delays its next try, doubling each time, in one
 * statement: concurrent sweeps take different batches, and a failing batch does not block the others.
 */
export async function takeUnexpanded(db: D1Database): Promise<BatchRow | null> {
  return sql.first<BatchRow>(
    db,
    "take unexpanded batch",
    `UPDATE batches SET tries = tries + 1,
       sweep_at = ${nowSql} + MIN(${batchLimits.expandRetryMsMax}, ${batchLimits.expandRetryMsMin} * (1 << MIN(tries, 16)))
     WHERE id = (SELECT id FROM batches WHERE sweep_at <= ${nowSql} AND paused_at IS NULL
       ORDER BY sweep_at LIMIT 1)
     RETURNING *`,
  );
}
