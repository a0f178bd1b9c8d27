/**
 * The sweep's cleanups. Each reads its table or bucket page by page in key order; its row in `walks` is the
 * cursor, so each tick does a few pages.
 */
import { sweepLimits } from "../../limits.ts";
import { nowSql } from "../clock.ts";
import { sql } from "../sql.ts";

export type CleanupName =
  | "batches"
  | "tasks"
  | "policies"
  | "webhooks"
  | "inbox_dead"
  | "task_objects"
  | "batch_objects"
  | "files"
  | "task_bodies";

export interface CleanupCursor {
  name: CleanupName;
  /** The last key of the previous page; empty at the start. */
  position: string;
  /** D1's time in milliseconds, from which ages are computed. */
  now: number;
}

/**
 * Takes the cleanup that is due for longest, as a lease: concurrent sweeps take different ones, and after a
 * sweep that died the cleanup continues from its last page.
 */
export async function takeCleanup(
  db: D1Database,
  names: readonly CleanupName[],
): Promise<CleanupCursor | null> {
  return sql.first<CleanupCursor>(
    db,
    "take cleanup",
    `UPDATE walks SET due_at = ${nowSql} + ${sweepLimits.takeLeaseMs}
     WHERE name = (SELECT name FROM walks
       WHERE due_at <= ${nowSql} AND name IN (SELECT value FROM json_each(?1))
       ORDER BY due_at, name LIMIT 1)
     RETURNING name, position, ${nowSql} AS now`,
    [JSON.stringify(names)],
  );
}

/** Called after the last page of a cleanup that has nothing to do again. */
export async function endCleanup(db: D1Database, name: CleanupName): Promise<void> {
  await sql.run(db, "end cleanup", "DELETE FROM walks WHERE name = ?1", [name]);
}

/**
 * Called after a page. With a key, the next page is due at once; null means the end, and the cleanup starts
 * again later. If another sweep has moved the same cursor, nothing changes.
 */
export async function moveCleanup(
  db: D1Database,
  cleanup: CleanupCursor,
  last: string | null,
): Promise<void> {
  await sql.run(
    db,
    "move cleanup",
    `UPDATE walks SET position = ?3, due_at = ${nowSql} + ?4 WHERE name = ?1 AND position = ?2`,
    [cleanup.name, cleanup.position, last ?? "", last === null ? sweepLimits.cleanupEveryMs : 0],
  );
}
