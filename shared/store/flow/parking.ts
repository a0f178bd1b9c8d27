/** Parked tasks: those that a pause or a full concurrency key holds back. */
import { flowLimits } from "../../limits.ts";
import { nowSql } from "../clock.ts";
import { setAsideSql } from "../restores.ts";
import { sql } from "../sql.ts";
import { fullSql } from "./concurrency.ts";
import { pausedSql } from "./pauses.ts";

/** Whether a task must not start now. */
export const heldBackSql = `(${setAsideSql} OR ${pausedSql} OR ${fullSql})`;

export type ParkReason = "restored" | "paused" | "concurrency";

/**
 * Parks a task that must not start now; null when nothing holds it back (any more). It costs no attempt, and
 * no message is in the queue: a resume or a released slot wakes it. `sweep_at` is far ahead and covers lost
 * wakes.
 */
export async function parkTask(db: D1Database, id: string): Promise<ParkReason | null> {
  const row = await sql.first<{ parked: ParkReason }>(
    db,
    "park task",
    `UPDATE tasks SET parked = CASE WHEN ${setAsideSql} THEN 'restored' WHEN ${pausedSql} THEN 'paused' ELSE 'concurrency' END,
       sent_at = NULL, sends = 1,
       sweep_at = MIN(COALESCE(expires_at, 9e15), ${nowSql} + CASE WHEN ${setAsideSql} OR ${pausedSql}
         THEN ${flowLimits.pausedCheckMs} ELSE ${flowLimits.concurrencyCheckMs} END)
     WHERE id = ?1 AND cancel_requested_at IS NULL AND COALESCE(not_before, 0) <= ${nowSql} + 999
       AND (status = 'queued' OR (status = 'running' AND lease_until < ${nowSql}))
       AND ${heldBackSql} RETURNING parked`,
    [id],
  );
  return row?.parked ?? null;
}
