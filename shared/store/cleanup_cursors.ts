/**
 * The sweep's walks over what is old. Each goes page by page in the order of keys; its row in `walks` says
 * how far it has come, so a tick does a few pages and the next goes on.
 */
import { sweepLimits } from "../limits.ts";
import { retrying } from "../retrying.ts";
import { nowSql } from "./clock.ts";

export type CleanupName =
  | "batches"
  | "tasks"
  | "policies"
  | "webhooks"
  | "inbox_dead"
  | "task_objects"
  | "batch_objects"
  | "files";

export interface CleanupCursor {
  name: CleanupName;
  /** The last key of the page before; empty at the beginning. */
  position: string;
  /** D1's time, in milliseconds: what a walk's ages are counted from. */
  now: number;
}

/**
 * Takes the walk that is due for longest, for a while: two sweeps at once take different ones, and one
 * whose sweep died goes on from its last page.
 */
export async function takeCleanup(
  db: D1Database,
  names: readonly CleanupName[],
): Promise<CleanupCursor | null> {
  return retrying("take walk", () =>
    db
      .prepare(
        `UPDATE walks SET due_at = ${nowSql} + ${sweepLimits.takenMs}
         WHERE name = (SELECT name FROM walks
           WHERE due_at <= ${nowSql} AND name IN (SELECT value FROM json_each(?1))
           ORDER BY due_at, name LIMIT 1)
         RETURNING name, position, ${nowSql} AS now`,
      )
      .bind(JSON.stringify(names))
      .first<CleanupCursor>(),
  );
}

/**
 * After a page. With a key, the next page is due at once; null means that the walk is at its end, and it
 * begins again later. Somebody who went on from the same page moves it no further back.
 */
export async function moveCleanup(
  db: D1Database,
  walk: CleanupCursor,
  last: string | null,
): Promise<void> {
  await retrying("move walk", () =>
    db
      .prepare(
        `UPDATE walks SET position = ?3, due_at = ${nowSql} + ?4 WHERE name = ?1 AND position = ?2`,
      )
      .bind(walk.name, walk.position, last ?? "", last === null ? sweepLimits.walkEveryMs : 0)
      .run(),
  );
}
