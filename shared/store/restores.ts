/**
 * Restores of the database to an earlier state. A task that was live at that state may have run since, effects
 * included, so it is set aside until a person resumes or cancels it.
 */
import { restoreLimits } from "../limits.ts";
import { nowSql } from "./clock.ts";
import { sql } from "./sql.ts";

export interface FleetEpoch {
  epoch: number;
  /**
   * When the cron last wrote the epoch and the time to the database, to compare with the copy in R2; milliseconds
   * since 1970 UTC.
   */
  marked_at: number;
  /** When the last restore was found; null if there was none. */
  restored_at: number | null;
  /** 1 while tasks of earlier epochs are still being parked. */
  parking: number;
}

const epochSql = "(SELECT epoch FROM fleet_epoch)";

/** Whether a task waits for a person; for a statement over `tasks`. */
export const setAsideSql = `(tasks.epoch < ${epochSql})`;

/** The epoch of a new task, and of one that a person lets run. */
export const currentEpochSql = epochSql;

export async function readEpoch(db: D1Database): Promise<FleetEpoch> {
  const row = await sql.first<FleetEpoch>(db, "read epoch", "SELECT * FROM fleet_epoch");
  return row ?? { epoch: 0, marked_at: 0, restored_at: null, parking: 0 };
}

/**
 * Writes the time to the database, which the next look compares with the copy in R2. Null if it was written or the
 * database restored since `seen` was read.
 */
export async function markEpoch(db: D1Database, seen: FleetEpoch): Promise<FleetEpoch | null> {
  return sql.first<FleetEpoch>(
    db,
    "mark epoch",
    `UPDATE fleet_epoch SET marked_at = MAX(marked_at + 1, ${nowSql})
     WHERE epoch = ?1 AND marked_at = ?2 RETURNING *`,
    [seen.epoch, seen.marked_at],
  );
}

/**
 * All live tasks are set aside by this write. Null when the database was marked since `seen` was read: then the newer
 * mark in R2 may be that of another sweep. Concurrent callers raise it once.
 */
export async function raiseEpoch(
  db: D1Database,
  seen: FleetEpoch,
  to: number,
): Promise<FleetEpoch | null> {
  return sql.first<FleetEpoch>(
    db,
    "raise epoch",
    `UPDATE fleet_epoch SET epoch = ?2, marked_at = ${nowSql}, restored_at = ${nowSql}, parking = 1
     WHERE epoch = ?1 AND marked_at = ?3 RETURNING *`,
    [seen.epoch, to, seen.marked_at],
  );
}

export interface SetAsideTask {
  id: string;
  tenant: string;
  fence: number;
}

/** Running tasks of earlier epochs that are not parked yet. Most of them have ended since the restored state. */
const runningSql = `tasks INDEXED BY tasks_sweep
  WHERE status = 'running' AND sweep_at IS NOT NULL AND parked IS NOT 'restored' AND ${setAsideSql}`;

/**
 * Parks tasks of earlier epochs: queued ones, so that they do not hide newer ones from free slots, and running ones
 * once their lease is over. An empty list: there are no more now.
 */
export async function parkRestored(db: D1Database): Promise<SetAsideTask[]> {
  const tasks = await sql.all<SetAsideTask>(
    db,
    "park restored tasks",
    `UPDATE tasks SET parked = 'restored', sent_at = NULL, sends = 1,
       sweep_at = MIN(COALESCE(expires_at, 9e15), ${nowSql} + ${restoreLimits.checkMs})
     WHERE id IN (SELECT id FROM (SELECT id FROM tasks INDEXED BY tasks_ready
       WHERE status = 'queued' AND parked IS NULL AND ${setAsideSql} LIMIT ${restoreLimits.tasksPerPage})
       UNION ALL
       SELECT id FROM (SELECT id FROM ${runningSql} AND lease_until < ${nowSql} LIMIT ${restoreLimits.tasksPerPage}))
     RETURNING id, tenant, fence`,
  );
  if (tasks.length > 0) return tasks;
  await sql.run(
    db,
    "end parking",
    `UPDATE fleet_epoch SET parking = 0 WHERE NOT EXISTS (SELECT 1 FROM ${runningSql})`,
  );
  return tasks;
}

/** A result that a task left in R2 after the state that the database was restored to. */
export interface FoundResult extends SetAsideTask {
  result: { key: string; fence: number; sha256: string; bytes: number };
  usageJson: string;
  outputJson: string | null;
}

/** Settles a task that is set aside with its result. False when a person decided meanwhile. */
export async function adoptResult(db: D1Database, found: FoundResult): Promise<boolean> {
  const { key, fence, sha256, bytes } = found.result;
  const changed = await sql.run(
    db,
    "adopt result",
    `UPDATE tasks SET status = 'succeeded', reason = 'completed', fence = ?3, usage = ?4, output = ?5,
       result_key = ?6, result_sha256 = ?7, result_bytes = ?8, parked = NULL, sweep_at = NULL,
       lease_until = NULL, claimed_by = NULL, finished_at = ${nowSql}, epoch = ${currentEpochSql}
     WHERE id = ?1 AND fence = ?2 AND status IN ('queued', 'running') AND ${setAsideSql}`,
    [found.id, found.fence, fence, found.usageJson, found.outputJson, key, sha256, bytes],
  );
  return changed > 0;
}

/**
 * Lets tasks run that were set aside, among a bounded number of the tenant's rows after `after`. The fence leaves
 * room for claims that the database has forgotten: their objects are in R2, and no key is written twice.
 */
export async function resumeRestored(
  db: D1Database,
  tenant: string,
  after: string,
): Promise<{ resumed: number; cursor: string | null }> {
  const [window, tasks] = await sql.batch<[{ upto: string | null; n: number }, { id: string }]>(
    db,
    "resume restored tasks",
    [
      sql.statement(
        db,
        `SELECT MAX(id) AS upto, COUNT(*) AS n FROM (SELECT id FROM tasks
         WHERE tenant = ?1 AND id > ?2 ORDER BY id LIMIT ${restoreLimits.rowsPerWindow})`,
        [tenant, after],
      ),
      sql.statement(
        db,
        `UPDATE tasks SET epoch = ${currentEpochSql}, fence = fence + ${restoreLimits.fencesSkipped},
           status = 'queued', parked = NULL, lease_until = NULL, sent_at = NULL, sweep_at = ${nowSql}
         WHERE id IN (SELECT id FROM tasks WHERE tenant = ?1 AND id > ?2
             ORDER BY id LIMIT ${restoreLimits.rowsPerWindow})
           AND status IN ('queued', 'running') AND ${setAsideSql} RETURNING id`,
        [tenant, after],
      ),
    ],
  );
  const { upto = null, n = 0 } = window.results[0] ?? {};
  const isLast = n < restoreLimits.rowsPerWindow;
  return { resumed: tasks.results.length, cursor: isLast ? null : upto };
}
