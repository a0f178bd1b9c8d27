/** Lists of tasks. Every statement names the tenant. */
import { taskRange } from "../../identity/ids.ts";
import { storeLimits } from "../../limits.ts";
import { isTerminal, type Reason, type Status } from "../../task/states.ts";
import { sql } from "../sql.ts";
import {
  listedTask,
  reasonSql,
  type StoredTaskRow,
  type TaskRow,
  taskColumns,
} from "./task_row.ts";

export interface TaskFilter {
  status: Status | null;
  reason: Reason | null;
  /** The code of the task's final error. */
  errorCode: string | null;
  /** A key range of ids, `from <= id < to`; a batch is one. */
  range: { from: string; to: string } | null;
  labels: readonly (readonly [key: string, value: string])[];
  customId?: string | null;
  /** Milliseconds since 1970 UTC; the first is inclusive. */
  createdAfter?: number | null;
  createdBefore?: number | null;
  /** Continue below this id. */
  cursor: string | null;
  limit: number;
}

/** Newest first. */
export interface TaskPage {
  tasks: TaskRow[];
  /** Where the next page starts; null at the end. */
  next_cursor: string | null;
}

/** The index is named, because the planner cannot know a bound status. */
const sources = {
  byTime: "tasks WHERE",
  endedBadly: `tasks INDEXED BY tasks_ended_badly
    WHERE status NOT IN ('queued', 'running', 'succeeded') AND status = ?5 AND`,
} as const;

const scanSql = (source: keyof typeof sources): string =>
  `${sources[source]} tenant = ?1 AND id >= ?2 AND id < ?3 ORDER BY id DESC`;

const matchesSql = (source: keyof typeof sources): string => `
  SELECT ${taskColumns} FROM tasks WHERE id IN (
    SELECT id FROM (SELECT id, status, ${reasonSql} AS reason, error, labels, custom_id, created_at
      FROM ${scanSql(source)} LIMIT ?4) AS held
    WHERE (?5 IS NULL OR status = ?5)
      AND NOT EXISTS (SELECT 1 FROM json_each(?6) AS wanted
        WHERE (SELECT one.value FROM json_each(held.labels) AS one
               WHERE one.key = wanted.value->>0) IS NOT wanted.value->>1)
      AND (?8 IS NULL OR reason = ?8) AND (?9 IS NULL OR error->>'code' = ?9)
      AND (?10 IS NULL OR custom_id = ?10)
      AND (?11 IS NULL OR created_at >= ?11) AND (?12 IS NULL OR created_at < ?12)
    ORDER BY id DESC LIMIT ?7)
  ORDER BY id DESC`;

const scanEndSql = (source: keyof typeof sources): string =>
  `SELECT id FROM ${scanSql(source)} LIMIT 1 OFFSET ?4 - 1`;

/**
 * Scans a bounded number of the tenant's tasks, so that a filter with few matches among a million tasks is as
 * fast as any: a page may be short or empty and still not be the last. Both statements see one moment.
 */
export async function listTasks(
  db: D1Database,
  tenant: string,
  filter: TaskFilter,
): Promise<TaskPage> {
  const limit = Math.min(filter.limit, storeLimits.pageRowsMax);
  const range = filter.range ?? taskRange;
  // Only one upper bound is used: with two, SQLite starts at one and reads down to the other.
  const { cursor } = filter;
  const to = cursor !== null && cursor < range.to ? cursor : range.to;
  const { status } = filter;
  const endedBadly = status !== null && isTerminal(status) && status !== "succeeded";
  const source = endedBadly ? "endedBadly" : "byTime";
  const scan = [tenant, range.from, to, storeLimits.listScanRows, status] as const;
  const { reason, errorCode, customId = null, createdAfter = null, createdBefore = null } = filter;
  const filterValues = [
    JSON.stringify(filter.labels),
    limit + 1,
    reason,
    errorCode,
    customId,
  ] as const;
  const [matches, scanEnd] = await sql.batch<[StoredTaskRow, { id: string }]>(db, "list tasks", [
    sql.statement(db, matchesSql(source), [...scan, ...filterValues, createdAfter, createdBefore]),
    sql.statement(db, scanEndSql(source), endedBadly ? scan : scan.slice(0, 4)),
  ]);
  const tasks = matches.results.slice(0, limit).map(listedTask);
  const last = matches.results.length > limit ? tasks.at(-1) : scanEnd.results[0];
  return { tasks, next_cursor: last?.id ?? null };
}

/** Settled tasks of a key range in input order: one page of a batch's results. */
export async function listSettled(
  db: D1Database,
  tenant: string,
  range: { from: string; to: string },
  after: string,
  limit: number,
): Promise<TaskRow[]> {
  const rows = await sql.all<StoredTaskRow>(
    db,
    "list settled",
    `SELECT ${taskColumns} FROM tasks
     WHERE tenant = ?1 AND id >= ?2 AND id < ?3
       AND status NOT IN ('queued', 'running')
     ORDER BY id LIMIT ?4`,
    [
      tenant,
      // Only one lower bound is used, for the same reason; a space sorts before every character of an id.
      after === "" ? range.from : `${after} `,
      range.to,
      limit,
    ],
  );
  return rows.map(listedTask);
}
