/** Reads of `tasks` for people. Every statement names the tenant: a foreign id does not exist. */
import { taskRange } from "../ids.ts";
import { storeLimits } from "../limits.ts";
import { retrying } from "../retrying.ts";
import { isTerminal, type Reason, type Status } from "../states.ts";
import { nowSql } from "./clock.ts";
import { type TaskRow, taskColumns } from "./task_row.ts";

export async function readTask(
  db: D1Database,
  tenant: string,
  id: string,
): Promise<TaskRow | null> {
  return retrying("read task", () =>
    db
      .prepare(`SELECT ${taskColumns} FROM tasks WHERE id = ?1 AND tenant = ?2`)
      .bind(id, tenant)
      .first<TaskRow>(),
  );
}

export interface TaskFilter {
  status: Status | null;
  reason: Reason | null;
  /** The code of the error that it ended with. */
  errorCode: string | null;
  /** A key range of ids, `from <= id < to`; a batch is one. */
  range: { from: string; to: string } | null;
  labels: readonly (readonly [key: string, value: string])[];
  /** Continue below this id. */
  cursor: string | null;
  limit: number;
}

/** One page, the newest first. */
export interface TaskPage {
  tasks: TaskRow[];
  /** Where the next page begins; null at the end. */
  next_cursor: string | null;
}

/** The planner must be told of the index: a bound status could be any. */
const looked = {
  byTime: "tasks WHERE",
  endedBadly: `tasks INDEXED BY tasks_ended_badly
    WHERE status NOT IN ('queued', 'running', 'succeeded') AND status = ?5 AND`,
} as const;

const lookedAt = (among: keyof typeof looked): string =>
  `${looked[among]} tenant = ?1 AND id >= ?2 AND id < ?3 ORDER BY id DESC`;

const matching = (among: keyof typeof looked): string => `
  SELECT ${taskColumns} FROM tasks WHERE id IN (
    SELECT id FROM (SELECT id, status, reason, error, labels FROM ${lookedAt(among)} LIMIT ?4) AS held
    WHERE (?5 IS NULL OR status = ?5)
      AND NOT EXISTS (SELECT 1 FROM json_each(?6) AS wanted
        WHERE (SELECT one.value FROM json_each(held.labels) AS one
               WHERE one.key = wanted.value->>0) IS NOT wanted.value->>1)
      AND (?8 IS NULL OR reason = ?8) AND (?9 IS NULL OR error->>'code' = ?9)
    ORDER BY id DESC LIMIT ?7)
  ORDER BY id DESC`;

const lookEnd = (among: keyof typeof looked): string =>
  `SELECT id FROM ${lookedAt(among)} LIMIT 1 OFFSET ?4 - 1`;

/**
 * Looks at a bounded number of the tenant's tasks, so that a filter which few of a million match answers as
 * fast as any: a page may be short, or empty, and yet not be the last. Both statements see one moment.
 */
export async function listTasks(
  db: D1Database,
  tenant: string,
  filter: TaskFilter,
): Promise<TaskPage> {
  const limit = Math.min(filter.limit, storeLimits.pageRowsMax);
  const range = filter.range ?? taskRange;
  // One upper bound: of two, SQLite begins at one and reads its way down to the other.
  const { cursor } = filter;
  const to = cursor !== null && cursor < range.to ? cursor : range.to;
  const { status } = filter;
  const badly = status !== null && isTerminal(status) && status !== "succeeded";
  const among = badly ? "endedBadly" : "byTime";
  const look = [tenant, range.from, to, storeLimits.listLookRows, status] as const;
  const labels = JSON.stringify(filter.labels);
  const answers = await retrying("list tasks", () =>
    db.batch([
      db.prepare(matching(among)).bind(...look, labels, limit + 1, filter.reason, filter.errorCode),
      db.prepare(lookEnd(among)).bind(...(badly ? look : look.slice(0, 4))),
    ]),
  );
  const rows = (answers[0]?.results ?? []) as TaskRow[];
  const [end] = (answers[1]?.results ?? []) as { id: string }[];
  const tasks = rows.slice(0, limit);
  const last = rows.length > limit ? tasks.at(-1) : end;
  return { tasks, next_cursor: last?.id ?? null };
}

/** Tasks of a key range in the input's order, settled ones only: one page of a batch's results. */
export async function listSettled(
  db: D1Database,
  tenant: string,
  range: { from: string; to: string },
  after: string,
  limit: number,
): Promise<TaskRow[]> {
  const { results } = await retrying("list settled", () =>
    db
      .prepare(
        `SELECT ${taskColumns} FROM tasks
         WHERE tenant = ?1 AND id >= ?2 AND id < ?3
           AND status NOT IN ('queued', 'running')
         ORDER BY id LIMIT ?4`,
      )
      // One lower bound, for the same reason; a space comes before all that an id can hold.
      .bind(tenant, after === "" ? range.from : `${after} `, range.to, limit)
      .all<TaskRow>(),
  );
  return results;
}

/** Asks for a cancel; the consumer settles it before the next step. False when the task is settled already. */
export async function requestCancel(db: D1Database, tenant: string, id: string): Promise<boolean> {
  const { meta } = await retrying("request cancel", () =>
    db
      .prepare(
        `UPDATE tasks SET cancel_requested_at = COALESCE(cancel_requested_at, ${nowSql}),
           not_before = NULL, sent_at = CASE WHEN status = 'queued' THEN NULL ELSE sent_at END,
           sweep_at = CASE WHEN status = 'queued' THEN ${nowSql} ELSE sweep_at END
         WHERE id = ?1 AND tenant = ?2 AND status IN ('queued', 'running')`,
      )
      .bind(id, tenant)
      .run(),
  );
  return meta.changes === 1;
}

/** A small transcript, as it stands in the task's row. */
export async function inlineTranscript(db: D1Database, id: string): Promise<string | null> {
  const row = await retrying("read transcript", () =>
    db
      .prepare("SELECT transcript FROM tasks WHERE id = ?1")
      .bind(id)
      .first<{ transcript: string | null }>(),
  );
  return row?.transcript ?? null;
}

/** The body of a task as it stands in its row; null where it stands in R2. */
export async function readSpec(db: D1Database, id: string): Promise<string | null> {
  const row = await retrying("read spec", () =>
    db.prepare("SELECT spec FROM tasks WHERE id = ?1").bind(id).first<{ spec: string | null }>(),
  );
  return row?.spec ?? null;
}

/** Which fallback models a live task lists; `large`: its body stands in R2 and says so there. */
export interface Listed {
  tenant: string;
  large: boolean;
  /** Undefined where the task names none and the deployment's count. */
  listed: string[] | undefined;
}

export async function readListed(db: D1Database, id: string): Promise<Listed | null> {
  const row = await retrying("read listed", () =>
    db
      .prepare(
        `SELECT tenant, spec IS NULL AS large, spec->'fallback_models' AS listed
         FROM tasks WHERE id = ?1 AND sweep_at IS NOT NULL`,
      )
      .bind(id)
      .first<{ tenant: string; large: number; listed: string | null }>(),
  );
  if (row === null) return null;
  const listed = row.listed === null ? undefined : (JSON.parse(row.listed) as string[]);
  return { tenant: row.tenant, large: row.large === 1, listed };
}
