/** Pauses of the fleet, a model or a batch. A claim checks them in its own write, so all consumers agree. */
import { flowLimits } from "../../limits.ts";
import { nowSql } from "../clock.ts";
import { sql } from "../sql.ts";

/** Whether a task's fleet, model or batch is paused; for a statement over `tasks`. */
export const pausedSql = `(EXISTS (SELECT 1 FROM pauses WHERE name IN ('fleet', 'model ' || tasks.model))
  OR EXISTS (SELECT 1 FROM batches WHERE batches.id = tasks.batch_id AND paused_at IS NOT NULL))`;

/** `name` is `fleet` or `model <id>`. A second pause keeps the time of the first. */
export async function pause(db: D1Database, name: string): Promise<void> {
  await sql.run(
    db,
    "pause",
    `INSERT INTO pauses (name, paused_at) VALUES (?1, ${nowSql}) ON CONFLICT DO NOTHING`,
    [name],
  );
}

/**
 * A page of the parked tasks that no pause holds back any more. A parked task is checked again within a day, and
 * any other queued task far later or at its expiry, so the index has them together.
 */
const wakePageSql = `UPDATE tasks SET parked = NULL, sweep_at = ${nowSql}
  WHERE id IN (SELECT id FROM tasks INDEXED BY tasks_sweep
    WHERE status = 'queued' AND sweep_at > ${nowSql} AND sweep_at <= ${nowSql} + ${flowLimits.pausedCheckMs}
      AND parked = 'paused' AND NOT ${pausedSql} LIMIT ${flowLimits.wokenPerPage})`;

/** The row of a pause that has ended and whose tasks are being woken. */
const wakingPrefix = "waking ";

/** Ends a pause and wakes a page of the tasks that it held back; the cron wakes the others. */
export async function resume(db: D1Database, name: string): Promise<void> {
  await sql.batch(db, "resume", [
    sql.statement(
      db,
      `INSERT INTO pauses (name, paused_at) SELECT '${wakingPrefix}' || name, ${nowSql} FROM pauses
       WHERE name = ?1 ON CONFLICT DO NOTHING`,
      [name],
    ),
    sql.statement(db, "DELETE FROM pauses WHERE name = ?1", [name]),
    sql.statement(db, wakePageSql),
  ]);
}

/** Wakes a page of tasks after a resume; false when no pause has ended, or all of its tasks are awake. */
export async function wakePage(db: D1Database): Promise<boolean> {
  const endedPause = await sql.first<{ name: string }>(
    db,
    "find ended pause",
    `SELECT name FROM pauses WHERE name > '${wakingPrefix}' AND name < '${wakingPrefix}~' LIMIT 1`,
  );
  if (endedPause === null) return false;
  const changed = await sql.run(db, "wake paused tasks", wakePageSql);
  if (changed >= flowLimits.wokenPerPage) return true;
  await sql.run(db, "end wake", "DELETE FROM pauses WHERE name = ?1", [endedPause.name]);
  return false;
}

export async function listPauses(db: D1Database): Promise<{ name: string; paused_at: number }[]> {
  return sql.all<{ name: string; paused_at: number }>(
    db,
    "list pauses",
    `SELECT name, paused_at FROM pauses WHERE name NOT LIKE '${wakingPrefix}%' ORDER BY name`,
  );
}

/** No task of a paused batch starts, and no further lines are expanded. */
export async function pauseBatch(db: D1Database, tenant: string, id: string): Promise<void> {
  await sql.run(
    db,
    "pause batch",
    `UPDATE batches SET paused_at = COALESCE(paused_at, ${nowSql})
     WHERE id = ?1 AND tenant = ?2 AND status <> 'finished'`,
    [id, tenant],
  );
}

export async function resumeBatch(
  db: D1Database,
  tenant: string,
  id: string,
  range: { from: string; to: string },
): Promise<void> {
  await sql.batch(db, "resume batch", [
    sql.statement(
      db,
      `UPDATE batches SET paused_at = NULL,
         sweep_at = CASE WHEN sweep_at IS NULL THEN NULL ELSE ${nowSql} END
       WHERE id = ?1 AND tenant = ?2 AND paused_at IS NOT NULL`,
      [id, tenant],
    ),
    sql.statement(
      db,
      `UPDATE tasks SET parked = NULL, sweep_at = ${nowSql}
       WHERE tenant = ?1 AND id >= ?2 AND id < ?3 AND parked = 'paused' AND sweep_at IS NOT NULL`,
      [tenant, range.from, range.to],
    ),
  ]);
}
