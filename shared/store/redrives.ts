/** Sending settled tasks through again, for one of them or for many. */
import { sweepLimits } from "../limits.ts";
import { retrying } from "../retrying.ts";
import { type Reason, redrivable, type Status } from "../states.ts";
import { nowSql } from "./clock.ts";
import type { TaskRow } from "./task_row.ts";

const redrivableSql = redrivable.map((status) => `'${status}'`).join(", ");

/** What one task's redrive changes. A null spec keeps the one that the task has. */
export interface Restart {
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

/** Settled tasks of a key range in the input's order, whole, behind `after`. */
export async function listRedrivable(
  db: D1Database,
  tenant: string,
  range: { from: string; to: string },
  after: string,
  chosen: { statuses: readonly Status[]; reason: Reason | null },
  limit: number,
): Promise<TaskRow[]> {
  const { results } = await retrying("list redrivable", () =>
    db
      .prepare(
        `SELECT * FROM tasks
         WHERE tenant = ?1 AND id >= ?2 AND id < ?3 AND id > ?4
           AND status IN (${redrivableSql}) AND status IN (SELECT value FROM json_each(?5))
           AND (?6 IS NULL OR reason = ?6)
         ORDER BY id LIMIT ?7`,
      )
      .bind(
        tenant,
        range.from,
        range.to,
        after,
        JSON.stringify(chosen.statuses),
        chosen.reason,
        limit,
      )
      .all<TaskRow>(),
  );
  return results;
}

/**
 * Sends settled tasks through again from the start; answers the ids of those that this call changed.
 * The run that each had goes to `history`; the fence is raised, so its old objects keep their keys and
 * its old writer stays shut out. The policy is pinned anew.
 */
export async function restartTasks(
  db: D1Database,
  tenant: string,
  restarts: readonly Restart[],
): Promise<string[]> {
  const { results } = await retrying("restart tasks", () =>
    db
      .prepare(
        `UPDATE tasks SET
           history = json_insert(history, '$[#]', json_object('fence', fence, 'status', status,
             'reason', reason, 'model', model, 'finished_at', finished_at, 'usage', json(usage),
             'error', json(error), 'errors', json(errors))),
           status = 'queued', reason = NULL, attempt = 0, policy_hash = NULL, usage = '{}',
           quirks = '[]', output = NULL, error = NULL, errors = '[]', result_key = NULL,
           result_sha256 = NULL, result_bytes = NULL, transcript = NULL, started_at = NULL,
           finished_at = NULL, not_before = NULL, cancel_requested_at = NULL,
           expires_at = CASE WHEN expires_at <= ${nowSql} THEN NULL ELSE expires_at END,
           fence = fence + 1, sent_at = ${nowSql}, sends = 1,
           sweep_at = ${nowSql} + ${sweepLimits.resendAfterMs},
           spec = COALESCE(wanted.value->>'spec', spec), model = wanted.value->>'model',
           policy = wanted.value->>'policy', sandbox = wanted.value->>'sandbox',
           attempts = wanted.value->>'attempts'
         FROM json_each(?2) AS wanted
         WHERE tasks.id = wanted.value->>'id' AND tasks.tenant = ?1
           AND tasks.fence = wanted.value->>'fence' AND tasks.status IN (${redrivableSql})
         RETURNING id`,
      )
      .bind(tenant, JSON.stringify(restarts))
      .all<{ id: string }>(),
  );
  return results.map((row) => row.id);
}
