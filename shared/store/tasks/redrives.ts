/** Redrives: settled tasks are run again. */
import { sweepLimits } from "../../limits.ts";
import { type Reason, redrivable, type Status } from "../../states.ts";
import { nowSql } from "../clock.ts";
import { sql } from "../sql.ts";
import { reasonSql, type TaskRow } from "./task_row.ts";

const redrivableSql = redrivable.map((status) => `'${status}'`).join(", ");

/** `resume` continues the journal; `restart` starts from scratch. */
export type RedriveMode = "resume" | "restart";

/** The same for all tasks of one call. */
export interface RedriveOptions {
  mode: RedriveMode;
  /** Names of the overridden fields, for the history; never their values. */
  overrides: readonly string[];
  /** Whether the next claim pins the policy again. */
  repin: boolean;
}

/** What a redrive changes in one task. A null spec keeps the task's own. */
export interface NextRun {
  id: string;
  /** The fence of the settled run: a second redrive finds a different one and changes nothing. */
  fence: number;
  spec: string | null;
  model: string;
  policy: string;
  sandbox: string;
  attempts: number;
}

/** A task with all columns, including its body and transcript. */
export async function readWholeTask(
  db: D1Database,
  tenant: string,
  id: string,
): Promise<TaskRow | null> {
  return sql.first<TaskRow>(
    db,
    "read whole task",
    "SELECT * FROM tasks WHERE id = ?1 AND tenant = ?2",
    id,
    tenant,
  );
}

/** Null matches any. Times are in milliseconds since 1970 UTC. */
export interface RedriveFilter {
  statuses: readonly Status[];
  reason: Reason | null;
  errorCode: string | null;
  labels: readonly (readonly [key: string, value: string])[];
  createdAfter: number | null;
  createdBefore: number | null;
}

/**
 * The end of the next `limit` tasks of a tenant in a key range after `after`, and whether more follow:
 * with a filter that matches few tasks, one call reads no more than these.
 */
export async function findWindowEnd(
  db: D1Database,
  tenant: string,
  range: { after: string; to: string },
  limit: number,
): Promise<{ upto: string; more: boolean } | null> {
  const row = await sql.first<{ upto: string | null; n: number }>(
    db,
    "window end",
    `SELECT MAX(id) AS upto, COUNT(*) AS n FROM
     (SELECT id FROM tasks WHERE tenant = ?1 AND id > ?2 AND id < ?3 ORDER BY id LIMIT ?4)`,
    tenant,
    range.after,
    range.to,
    limit,
  );
  if (row === null || row.upto === null) return null;
  return { upto: row.upto, more: row.n === limit };
}

/** Matching settled tasks with ids after `after` up to `upto`, with all columns, ordered by id. */
export async function listRedrivable(
  db: D1Database,
  tenant: string,
  range: { after: string; upto: string },
  chosen: RedriveFilter,
  limit: number,
): Promise<TaskRow[]> {
  return sql.all<TaskRow>(
    db,
    "list redrivable",
    `SELECT * FROM tasks
     WHERE tenant = ?1 AND id > ?2 AND id <= ?3
       AND status IN (${redrivableSql}) AND status IN (SELECT value FROM json_each(?4))
       AND (?5 IS NULL OR ${reasonSql} = ?5) AND (?6 IS NULL OR error->>'code' = ?6)
       AND NOT EXISTS (SELECT 1 FROM json_each(?7) AS wanted
         WHERE (SELECT held.value FROM json_each(tasks.labels) AS held
                WHERE held.key = wanted.value->>0) IS NOT wanted.value->>1)
       AND (?8 IS NULL OR created_at >= ?8) AND (?9 IS NULL OR created_at < ?9)
     ORDER BY id LIMIT ?10`,
    tenant,
    range.after,
    range.upto,
    JSON.stringify(chosen.statuses),
    chosen.reason,
    chosen.errorCode,
    JSON.stringify(chosen.labels),
    chosen.createdAfter,
    chosen.createdBefore,
    limit,
  );
}

/**
 * Redrives settled tasks; returns how many this call changed. The finished run moves to `history`. The
 * fence is raised, so old objects keep their keys and the old writer stays locked out.
 *
 * `restart` clears the usage and pins the policy again. `resume` keeps the usage, because budgets are
 * cumulative, and stores the fence of the run whose transcript the journal continues. Attempts and errors
 * start from zero in both. `claimed_by` identifies this call, so a repetition counts what it changed.
 */
export async function redriveTasks(
  db: D1Database,
  tenant: string,
  kind: RedriveOptions,
  runs: readonly NextRun[],
): Promise<number> {
  const name = crypto.randomUUID();
  const rows = await sql.all<{ id: string }>(
    db,
    "redrive tasks",
    `UPDATE tasks SET
       history = json_insert(history, '$[#]', json_object('fence', fence, 'status', status,
         'reason', ${reasonSql}, 'model', model, 'finished_at', finished_at, 'usage', json(usage),
         'error', json(error), 'errors', json(errors), 'resumed_from', resumed_from,
         'redriven', json_object('mode', ?3, 'at', ${nowSql}, 'overrides', json(?4)))),
       status = 'queued', reason = NULL, newer_reason = NULL, attempt = 0,
       resumed_from = IIF(?3 = 'resume', fence, NULL),
       policy_hash = IIF(?5, NULL, policy_hash),
       usage = IIF(?3 = 'resume', usage, '{}'), quirks = IIF(?3 = 'resume', quirks, '[]'),
       output = NULL, error = NULL, errors = '[]', result_key = NULL,
       result_sha256 = NULL, result_bytes = NULL, transcript = NULL, started_at = NULL,
       charged_seq = IIF(?3 = 'resume', charged_seq, 0),
       lost_claims = IIF(?3 = 'resume', lost_claims, 0),
       finished_at = NULL, not_before = NULL, cancel_requested_at = NULL,
       expires_at = CASE WHEN expires_at <= ${nowSql} THEN NULL ELSE expires_at END,
       fence = fence + 1, claimed_by = ?6, sent_at = ${nowSql}, sends = 1,
       sweep_at = ${sweepLimits.never},
       spec = COALESCE(wanted.value->>'spec', spec), model = wanted.value->>'model',
       policy = wanted.value->>'policy', sandbox = wanted.value->>'sandbox',
       attempts = wanted.value->>'attempts'
     FROM json_each(?2) AS wanted
     WHERE tasks.id = wanted.value->>'id' AND tasks.tenant = ?1
       AND tasks.fence = wanted.value->>'fence' AND tasks.status IN (${redrivableSql})
     RETURNING id`,
    tenant,
    JSON.stringify(runs),
    kind.mode,
    JSON.stringify(kind.overrides),
    kind.repin ? 1 : 0,
    name,
  );
  if (rows.length === runs.length) return rows.length;
  const row = await sql.first<{ n: number }>(
    db,
    "redrive tasks",
    `SELECT COUNT(*) AS n FROM tasks
     WHERE id IN (SELECT value->>'id' FROM json_each(?1)) AND claimed_by = ?2`,
    JSON.stringify(runs.map(({ id }) => ({ id }))),
    name,
  );
  return row?.n ?? 0;
}
