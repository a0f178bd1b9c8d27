/** Removes every row of a tenant, in steps that are bounded in rows. Each step is repeatable. */
import { erasureLimits } from "../limits.ts";
import { sql } from "./sql.ts";

/** Small tables; whatever else a tenant has is removed with a row of one of these, or with a task. */
const tables = {
  api_keys: "id",
  schedules: "id",
  ticks: "schedule_id",
  evals: "id",
  batches: "id",
  webhooks: "id",
  inbox_dead: "id",
  files: "id",
  spend: "day",
} as const;
export type ErasedTable = keyof typeof tables;
export const erasedTables = Object.keys(tables) as ErasedTable[];

const eraseSql = (table: ErasedTable): string => `DELETE FROM ${table} WHERE tenant = ?1
  AND ${tables[table]} IN (SELECT ${tables[table]} FROM ${table} WHERE tenant = ?1 LIMIT ${erasureLimits.rowsPerStep})`;

/** How many rows went; 0: the table has none of this tenant. */
export async function eraseRows(
  db: D1Database,
  table: ErasedTable,
  tenant: string,
): Promise<number> {
  return sql.run(db, `erase ${table}`, eraseSql(table), [tenant]);
}

/** The tenant's tasks among the rows after `after`, as a page of ids. */
const pageSql = `SELECT id FROM (SELECT id, tenant FROM tasks WHERE id > ?2 ORDER BY id
  LIMIT ${erasureLimits.taskRowsPerStep}) WHERE tenant = ?1`;

/**
 * Removes tasks, live or settled, with their journals, decisions, bodies and webhooks. A worker that runs one has
 * lost its fence. `cursor` is null at the end.
 */
export async function eraseTasks(
  db: D1Database,
  tenant: string,
  after: string,
): Promise<{ tasks: number; cursor: string | null }> {
  const values = [tenant, after];
  const [end, tasks] = await sql.batch<[{ upto: string | null; n: number }, { n: number }]>(
    db,
    "erase tasks",
    [
      sql.statement(
        db,
        `SELECT MAX(id) AS upto, COUNT(*) AS n FROM (SELECT id FROM tasks WHERE id > ?1 ORDER BY id
         LIMIT ${erasureLimits.taskRowsPerStep})`,
        [after],
      ),
      sql.statement(db, `SELECT COUNT(*) AS n FROM (${pageSql})`, values),
      sql.statement(db, `DELETE FROM steps WHERE task_id IN (${pageSql})`, values),
      sql.statement(db, `DELETE FROM egress_log WHERE task_id IN (${pageSql})`, values),
      sql.statement(db, `DELETE FROM tasks WHERE id IN (${pageSql})`, values),
    ] as never,
  );
  const { upto = null, n = 0 } = end.results[0] ?? {};
  const isLast = n < erasureLimits.taskRowsPerStep;
  return { tasks: tasks.results[0]?.n ?? 0, cursor: isLast ? null : upto };
}
