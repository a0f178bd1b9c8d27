/** Redrives: settled tasks are run again. */
import { sweepLimits } from "../../limits.ts";
import { redrivable } from "../../task/states.ts";
import { nowSql } from "../clock.ts";
import { currentEpochSql } from "../restores.ts";
import { sql } from "../sql.ts";
import {
  reasonSql,
  type StoredTaskRow,
  type TaskRow,
  wholeColumns,
  wholeTask,
} from "./task_row.ts";

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

/** What a redrive changes in one task. */
export interface NextRun {
  id: string;
  /** The fence of the settled run: a second redrive finds a different one and changes nothing. */
  fence: number;
  /** The task's body; null when it is in R2. */
  spec: string | null;
  /** The whole error of the settled run, for the history. */
  error: string | null;
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
  const row = await sql.first<StoredTaskRow>(
    db,
    "read whole task",
    `SELECT ${wholeColumns} FROM tasks WHERE id = ?1 AND tenant = ?2`,
    [id, tenant],
  );
  return row === null ? null : wholeTask(row);
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
  const redrive = sql.statement(
    db,
    `UPDATE tasks SET
       history = json_insert(history, '$[#]', json_object('fence', fence, 'status', status,
         'reason', ${reasonSql}, 'model', COALESCE(own_model, model), 'finished_at', finished_at, 'usage', json(usage),
         'error', json(wanted.value->>'error'), 'errors', json(errors), 'resumed_from', resumed_from,
         'redriven', json_object('mode', ?3, 'at', ${nowSql}, 'overrides', json(?4)))),
       status = 'queued', reason = NULL, newer_reason = NULL, attempt = 0,
       resumed_from = IIF(?3 = 'resume', fence, NULL),
       policy_hash = IIF(?5, NULL, policy_hash),
       usage = IIF(?3 = 'resume', usage, '{}'), quirks = IIF(?3 = 'resume', quirks, '[]'),
       output = NULL, error = NULL, errors = '[]', result_key = NULL,
       result_sha256 = NULL, result_bytes = NULL, transcript = NULL, body_id = NULL, started_at = NULL,
       charged_seq = IIF(?3 = 'resume', charged_seq, 0),
       lost_claims = IIF(?3 = 'resume', lost_claims, 0),
       finished_at = NULL, not_before = NULL, cancel_requested_at = NULL,
       expires_at = CASE WHEN expires_at <= ${nowSql} THEN NULL ELSE expires_at END,
       epoch = ${currentEpochSql}, fence = fence + 1, claimed_by = ?6, sent_at = ${nowSql}, sends = 1,
       sweep_at = ${sweepLimits.never},
       spec = wanted.value->>'spec', model = wanted.value->>'model', own_model = NULL,
       quality = NULL,
       policy = wanted.value->>'policy', sandbox = wanted.value->>'sandbox',
       attempts = wanted.value->>'attempts'
     FROM json_each(?2) AS wanted
     WHERE tasks.id = wanted.value->>'id' AND tasks.tenant = ?1
       AND tasks.fence = wanted.value->>'fence' AND tasks.status IN (${redrivableSql})
     RETURNING id`,
    [
      tenant,
      JSON.stringify(runs),
      kind.mode,
      JSON.stringify(kind.overrides),
      kind.repin ? 1 : 0,
      name,
    ],
  );
  const [{ results: rows }] = await sql.batch<[{ id: string }, unknown]>(db, "redrive tasks", [
    redrive,
    leftApprovals(db, runs, name),
  ]);
  if (rows.length === runs.length) return rows.length;
  const row = await sql.first<{ n: number }>(
    db,
    "redrive tasks",
    `SELECT COUNT(*) AS n FROM tasks
     WHERE id IN (SELECT value->>'id' FROM json_each(?1)) AND claimed_by = ?2`,
    [JSON.stringify(runs.map(({ id }) => ({ id }))), name],
  );
  return row?.n ?? 0;
}

/** Calls that no one decided on in the earlier run: the next one asks again, with a deadline of its own. */
const leftApprovals = (db: D1Database, runs: readonly NextRun[], name: string) =>
  sql.statement(
    db,
    `DELETE FROM approvals WHERE status = 'pending'
       AND task_id IN (SELECT value->>'id' FROM json_each(?1))
       AND EXISTS (SELECT 1 FROM tasks WHERE tasks.id = task_id AND claimed_by = ?2)`,
    [JSON.stringify(runs.map(({ id }) => ({ id }))), name],
  );
