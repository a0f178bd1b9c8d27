/** What a call checks and writes about its key: validity, rate limit, last use, backlog. */
import { keyLimits } from "../../limits.ts";
import { nowSql } from "../clock.ts";
import { sql } from "../sql.ts";
import { type ApiKeyRow, keyColumns } from "./api_keys.ts";

/** A key with the checks that need D1's clock; `stale`: `last_used_at` must be written again. */
export type PresentedKey = ApiKeyRow & { expired: number; stale: number };

export async function readPresentedKey(db: D1Database, id: string): Promise<PresentedKey | null> {
  return sql.first<PresentedKey>(
    db,
    "read key",
    `SELECT ${keyColumns}, COALESCE(expires_at, 9e15) <= ${nowSql} AS expired,
       COALESCE(last_used_at, 0) < ${nowSql} - ${keyLimits.lastUsedWriteMs} AS stale
     FROM api_keys WHERE id = ?1`,
    [id],
  );
}

/** Counts a call and returns the calls in this minute. A repetition after a lost reply counts twice. */
export async function countKeyCall(db: D1Database, id: string): Promise<number> {
  const row = await sql.first<{ window_calls: number }>(
    db,
    "count call",
    `UPDATE api_keys SET
       window_calls = CASE WHEN window_at = ${nowSql} / 60000 THEN window_calls + 1 ELSE 1 END,
       window_at = ${nowSql} / 60000, last_used_at = ${nowSql}
     WHERE id = ?1 RETURNING window_calls`,
    [id],
  );
  return row?.window_calls ?? Number.POSITIVE_INFINITY;
}

export async function markKeyUsed(db: D1Database, id: string): Promise<void> {
  await sql.run(db, "mark used", `UPDATE api_keys SET last_used_at = ${nowSql} WHERE id = ?1`, [
    id,
  ]);
}

/** Whether a tenant has at least `tasksMax` live tasks, including those of waiting batches. */
export async function isBacklogFull(
  db: D1Database,
  tenant: string,
  tasksMax: number,
): Promise<boolean> {
  const row = await sql.first<{ live: number }>(
    db,
    "read backlog",
    `SELECT (SELECT COALESCE(SUM(live), 0) FROM task_tallies WHERE tenant = ?1)
     + (SELECT COALESCE(SUM(total - expanded), 0) FROM batches
       WHERE sweep_at IS NOT NULL AND tenant = ?1)
     + (SELECT COALESCE(SUM(total), 0) FROM batches INDEXED BY batches_waiting
       WHERE waits = 1 AND tenant = ?1) AS live`,
    [tenant],
  );
  return (row?.live ?? 0) >= tasksMax;
}
