/** Sending settled tasks through again, for one of them or for many. */
import { sweepLimits } from "../limits.ts";
import { retrying } from "../retrying.ts";
import { type Reason, redrivable, type Status } from "../states.ts";
import { nowSql } from "./clock.ts";
import type { TaskRow } from "./task_row.ts";

const redrivableSql = redrivable.map((status) => `'${status}'`).join(", ");

/** `resume` goes on from the journal; `restart` begins again. */
export type RedriveMode = "resume" | "restart";

/** How settled tasks are sent through again, the same for all of one call. */
export interface RedriveKind {
  mode: RedriveMode;
  /** The names of the fields that are overridden, for the history; never their values. */
  overrides: readonly string[];
  /** Whether the next claim pins the policy as it stands then. */
  repin: boolean;
}

/** What one task's redrive changes. A null spec keeps the one that the task has. */
export interface NextRun {
  id: string;
  /** The fence of the run that settled: whoever redrives second finds another one. */
  fence: number;
  spec: string | null;
  model: string;
  policy: string;
  sandbox: string;
  attempts: number;
}

/** A task with all its columns, its body and its transcript too. */
export async function readWholeTask(
  db: D1Database,
  tenant: string,
  id: string,
): Promise<TaskRow | null> {
  return retrying("read whole task", () =>
    db
      .prepare("SELECT * FROM tasks WHERE id = ?1 AND tenant = ?2")
      .bind(id, tenant)
      .first<TaskRow>(),
  );
}

/** Which settled tasks are meant. Null is any. Times are in milliseconds since 1970 UTC. */
export interface Chosen {
  statuses: readonly Status[];
  reason: Reason | null;
  errorCode: string | null;
  labels: readonly (readonly [key: string, value: string])[];
  createdAfter: number | null;
  createdBefore: number | null;
}

/**
 * The end of the next `limit` tasks of a tenant in a key range behind `after`, and whether more follow:
 * a filter that fits few tasks reads no more than these at once.
 */
export async function windowEnd(
  db: D1Database,
  tenant: string,
  range: { after: string; to: string },
  limit: number,
): Promise<{ upto: string; more: boolean } | null> {
  const row = await retrying("window end", () =>
    db
      .prepare(
        `SELECT MAX(id) AS upto, COUNT(*) AS n FROM
           (SELECT id FROM tasks WHERE tenant = ?1 AND id > ?2 AND id < ?3 ORDER BY id LIMIT ?4)`,
      )
      .bind(tenant, range.after, range.to, limit)
      .first<{ upto: string | null; n: number }>(),
  );
  if (row === null || row.upto === null) return null;
  return { upto: row.upto, more: row.n === limit };
}

/** Chosen settled tasks with ids behind `after` up to `upto`, whole, in the order of their ids. */
export async function listRedrivable(
  db: D1Database,
  tenant: string,
  range: { after: string; upto: string },
  chosen: Chosen,
  limit: number,
): Promise<TaskRow[]> {
  const { results } = await retrying("list redrivable", () =>
    db
      .prepare(
        `SELECT * FROM tasks
         WHERE tenant = ?1 AND id > ?2 AND id <= ?3
           AND status IN (${redrivableSql}) AND status IN (SELECT value FROM json_each(?4))
           AND (?5 IS NULL OR reason = ?5) AND (?6 IS NULL OR error->>'code' = ?6)
           AND NOT EXISTS (SELECT 1 FROM json_each(?7) AS wanted
             WHERE (SELECT held.value FROM json_each(tasks.labels) AS held
                    WHERE held.key = wanted.value->>0) IS NOT wanted.value->>1)
           AND (?8 IS NULL OR created_at >= ?8) AND (?9 IS NULL OR created_at < ?9)
         ORDER BY id LIMIT ?10`,
      )
      .bind(
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
      )
      .all<TaskRow>(),
  );
  return results;
}

/**
 * Sends settled tasks through again; answers how many this call changed. The run that each had goes to
 * `history`; the fence is raised, so its old objects keep their keys and its old writer stays shut out.
 *
 * `restart` clears what was used and pins the policy anew. `resume` keeps what was used, because budgets
 * are cumulative, and names the run whose transcript is the base of the journal. Attempts and errors
 * begin anew either way. `claimed_by` names this call: one whose answer was lost counts what it changed.
 */
export async function redriveTasks(
  db: D1Database,
  tenant: string,
  kind: RedriveKind,
  runs: readonly NextRun[],
): Promise<number> {
  const name = crypto.randomUUID();
  const { results } = await retrying("redrive tasks", () =>
    db
      .prepare(
        `UPDATE tasks SET
           history = json_insert(history, '$[#]', json_object('fence', fence, 'status', status,
             'reason', reason, 'model', model, 'finished_at', finished_at, 'usage', json(usage),
             'error', json(error), 'errors', json(errors), 'resumed_from', resumed_from,
             'redriven', json_object('mode', ?3, 'at', ${nowSql}, 'overrides', json(?4)))),
           status = 'queued', reason = NULL, attempt = 0,
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
           sweep_at = ${nowSql} + ${sweepLimits.resendAfterMs},
           spec = COALESCE(wanted.value->>'spec', spec), model = wanted.value->>'model',
           policy = wanted.value->>'policy', sandbox = wanted.value->>'sandbox',
           attempts = wanted.value->>'attempts'
         FROM json_each(?2) AS wanted
         WHERE tasks.id = wanted.value->>'id' AND tasks.tenant = ?1
           AND tasks.fence = wanted.value->>'fence' AND tasks.status IN (${redrivableSql})
         RETURNING id`,
      )
      .bind(
        tenant,
        JSON.stringify(runs),
        kind.mode,
        JSON.stringify(kind.overrides),
        kind.repin ? 1 : 0,
        name,
      )
      .all<{ id: string }>(),
  );
  if (results.length === runs.length) return results.length;
  const row = await retrying("redrive tasks", () =>
    db
      .prepare(
        `SELECT COUNT(*) AS n FROM tasks
         WHERE id IN (SELECT value->>'id' FROM json_each(?1)) AND claimed_by = ?2`,
      )
      .bind(JSON.stringify(runs.map(({ id }) => ({ id }))), name)
      .first<{ n: number }>(),
  );
  return row?.n ?? 0;
}
