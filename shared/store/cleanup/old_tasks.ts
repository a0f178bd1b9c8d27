/**
 * Tasks past their retention time. Every statement checks again that the row is settled and old, so a
 * concurrent redrive either comes first, and the row stays, or finds no row. Rows are removed before objects:
 * a crash between the two leaves orphaned objects, which the sweep finds.
 */
import { sweepLimits } from "../../limits.ts";
import { sql } from "../sql.ts";
import { type CleanupPage, cleanupPageOf } from "./cleanup_page.ts";

export interface OldTask {
  id: string;
  tenant: string;
  fence: number;
  /** Number of rows of `egress_log`, which are removed in the same transaction. */
  decisions: number;
}

/** Settled before `before`, and not in a batch that still exists: a batch and its tasks are kept together. */
const oldTaskSql = `sweep_at IS NULL AND finished_at <= ?1
  AND NOT EXISTS (SELECT 1 FROM batches WHERE batches.id = tasks.batch_id)`;

/** The next page of ids below `bound`; newer tasks cannot be old enough. */
export async function listOldTasks(
  db: D1Database,
  page: { after: string; bound: string; before: number },
): Promise<CleanupPage<OldTask>> {
  const rows = await sql.all<OldTask & { old: number }>(
    db,
    "list old tasks",
    `SELECT id, tenant, fence, (${oldTaskSql}) AS old,
       CASE WHEN (${oldTaskSql}) THEN (SELECT COUNT(*) FROM egress_log
         WHERE egress_log.task_id = tasks.id) ELSE 0 END AS decisions
     FROM tasks WHERE id > ?2 AND id < ?3 ORDER BY id LIMIT ${sweepLimits.oldTasksPerPage}`,
    [page.before, page.after, page.bound],
  );
  return cleanupPageOf(rows, sweepLimits.oldTasksPerPage);
}

/** ?2 is a JSON object from task id to fence; a task that was redriven since is skipped. */
const removableSql = `SELECT tasks.id FROM json_each(?2) AS named JOIN tasks
  ON tasks.id = named.key AND tasks.fence = named.value WHERE ${oldTaskSql}`;

/**
 * Removes tasks and their decisions in one transaction; returns the ids that have no row any more, so that a
 * repetition after a lost reply removes their objects too.
 */
export async function removeTasks(
  db: D1Database,
  tasks: readonly OldTask[],
  before: number,
): Promise<string[]> {
  const json = JSON.stringify(Object.fromEntries(tasks.map(({ id, fence }) => [id, fence])));
  const [, , removed] = await sql.batch<[unknown, unknown, { id: string }]>(db, "remove tasks", [
    sql.statement(db, `DELETE FROM egress_log WHERE task_id IN (${removableSql})`, [before, json]),
    sql.statement(db, `DELETE FROM tasks WHERE id IN (${removableSql})`, [before, json]),
    sql.statement(
      db,
      `SELECT key AS id FROM json_each(?1)
       WHERE NOT EXISTS (SELECT 1 FROM tasks WHERE tasks.id = key)`,
      [json],
    ),
  ]);
  return removed.results.map(({ id }) => id);
}
