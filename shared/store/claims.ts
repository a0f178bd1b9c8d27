/**
 * The consumer's side of `tasks`. A claim raises the fence; every later write of that claim
 * carries it and changes nothing when somebody newer owns the task. No lock is in memory.
 */
import { leaseLimits, sweepLimits } from "../limits.ts";
import { retrying } from "../retrying.ts";
import type { Reason, TerminalStatus } from "../states.ts";
import { type Ceiling, type Charge, ceilingSql, charging, isLimitedSql } from "./ceilings.ts";
import { nowSql } from "./clock.ts";
import { heldBackSql } from "./pauses.ts";
import { type Charged, spending, spentTodaySql } from "./spend.ts";
import type { TaskRow } from "./task_row.ts";

/** Who writes: the task and the fence that its claim raised. */
export interface Claim {
  id: string;
  fence: number;
}

/**
 * Takes a queued task that is due, or a running one whose lease ran out. Taking over a lease that
 * ran out costs an attempt only when its owner journaled no step, so that a task which progresses
 * survives any number of deploys; and never one beyond the last, when all that is left is to settle. The policy's hash is pinned by the first claim.
 *
 * `claimed_by` names this call: a claim whose answer was lost is repeated, finds itself, and changes
 * nothing. With `ending`, only a task that is to be cancelled or has expired is taken.
 */
const lostSql = `(status = 'running' AND claimed_by IS NOT ?3 AND attempt < attempts AND NOT EXISTS (
  SELECT 1 FROM steps WHERE steps.task_id = tasks.id AND steps.fence = tasks.fence))`;
const endingSql = `(cancel_requested_at IS NOT NULL OR expires_at <= ${nowSql})`;
const claimSql = `
  UPDATE tasks SET
    attempt = attempt + ${lostSql},
    errors = CASE WHEN ${lostSql} THEN json_insert(errors, '$[#]', json_object('attempt', attempt + 1,
      'fence', fence, 'code', 'lease_lost', 'class', 'retry', 'at', ${nowSql},
      'message', 'Its worker died or stalled before a step.'))
      ELSE errors END,
    lost_claims = lost_claims + (status = 'running' AND claimed_by IS NOT ?3),
    fence = fence + (claimed_by IS NOT ?3),
    claimed_by = ?3,
    status = 'running',
    parked = NULL,
    sends = 1,
    lease_until = ${nowSql} + ${leaseLimits.leaseMs},
    sweep_at = ${nowSql} + ${leaseLimits.leaseMs},
    started_at = COALESCE(started_at, ${nowSql}),
    policy_hash = COALESCE(policy_hash, (SELECT value FROM json_each(?2) WHERE key = tasks.policy))
  WHERE id = ?1 AND (?4 = 0 OR ${endingSql})
    AND (claimed_by IS ?3 OR ${endingSql} OR NOT ${heldBackSql})
    AND ((status = 'queued' AND COALESCE(not_before, 0) <= ${nowSql} + 999)
      OR (status = 'queued' AND ${endingSql})
      OR (status = 'running' AND (lease_until < ${nowSql} OR claimed_by = ?3)))
  RETURNING *, ${isLimitedSql} AS batch_limited, ${ceilingSql} AS batch_ceiling,
    ${spentTodaySql} AS spent_today`;

/** A task as its claim finds it, with what its batch's ceiling says. */
export type ClaimedTask = TaskRow & {
  batch_limited: number | null;
  batch_ceiling: Ceiling | null;
  /** Dollars that the task's tenant has spent since 00:00 UTC. */
  spent_today: number;
};

/** `policyHashes` is JSON text, policy name to hash, of every policy of this deployment. Null: not ours to take. */
export async function claim(
  db: D1Database,
  id: string,
  policyHashes: string,
  ending = false,
): Promise<ClaimedTask | null> {
  const claimant = crypto.randomUUID();
  return retrying("claim", () =>
    db
      .prepare(claimSql)
      .bind(id, policyHashes, claimant, ending ? 1 : 0)
      .first<ClaimedTask>(),
  );
}

/** When the newest message of a live task was sent; null when it is settled, unknown or unsent. */
export async function lastSent(db: D1Database, id: string): Promise<number | null> {
  const row = await retrying("last sent", () =>
    db
      .prepare("SELECT sent_at FROM tasks WHERE id = ?1 AND sweep_at IS NOT NULL")
      .bind(id)
      .first<{ sent_at: number | null }>(),
  );
  return row?.sent_at ?? null;
}

/** Local runs alone: puts a queued task off, so that the sweep does not take its delayed message for lost. */
export async function deferTask(db: D1Database, id: string, waitMs: number): Promise<void> {
  await retrying("put off", () =>
    db
      .prepare(
        `UPDATE tasks SET not_before = ${nowSql} + ?2, sent_at = ${nowSql}
         WHERE id = ?1 AND status = 'queued'`,
      )
      .bind(id, waitMs)
      .run(),
  );
}

/** How long a queued task still has to wait, in milliseconds, 0 when it is due; null when it is not queued. */
export async function dueIn(db: D1Database, id: string): Promise<number | null> {
  const row = await retrying("due in", () =>
    db
      .prepare(
        `SELECT MAX(0, COALESCE(not_before, 0) - ${nowSql}) AS ms FROM tasks
         WHERE id = ?1 AND status = 'queued'`,
      )
      .bind(id)
      .first<{ ms: number }>(),
  );
  return row?.ms ?? null;
}

const held = "id = ?1 AND fence = ?2 AND status = 'running'";

/** Renews the lease; false when the fence is lost. */
export async function heartbeat(db: D1Database, owner: Claim): Promise<boolean> {
  const { meta } = await retrying("heartbeat", () =>
    db
      .prepare(
        `UPDATE tasks SET lease_until = ${nowSql} + ${leaseLimits.leaseMs},
           sweep_at = ${nowSql} + ${leaseLimits.leaseMs} WHERE ${held}`,
      )
      .bind(owner.id, owner.fence)
      .run(),
  );
  return meta.changes === 1;
}

/** The errors with one more failed attempt, told when; unchanged where the parameter is null. */
const withError = (parameter: string) => `CASE WHEN ${parameter} IS NULL THEN errors
  ELSE json_insert(errors, '$[#]', json_set(${parameter}, '$.at', ${nowSql})) END`;

const cancelledSql = "cancel_requested_at IS NOT NULL AS cancelled";

/** What a release learned: whether it held, and whether somebody asked to cancel meanwhile. */
export type Released = { held: false } | { held: true; cancelRequested: boolean };

/**
 * Gives the task back to the queue. `errorJson` makes it a failed attempt; null costs nothing. A task
 * that is to be cancelled waits for nothing. Repeating it after a lost answer finds the row it left.
 */
export async function release(
  db: D1Database,
  owner: Claim,
  back: {
    delayMs: number;
    usageJson: string;
    quirksJson: string;
    errorJson: string | null;
    charged: Charged;
  },
): Promise<Released> {
  const releasing = db
    .prepare(
      `UPDATE tasks SET status = 'queued', lease_until = NULL, usage = ?3, quirks = ?4, charged_seq = ?7,
             not_before = CASE WHEN cancel_requested_at IS NOT NULL THEN NULL
               WHEN ?5 > 0 THEN ${nowSql} + ?5 ELSE not_before END,
             sent_at = ${nowSql}, sends = 1,
             sweep_at = MIN(${nowSql} + CASE WHEN cancel_requested_at IS NULL THEN ?5 ELSE 0 END
               + ${sweepLimits.resendAfterMs}, COALESCE(expires_at, 9e15)),
             attempt = attempt + (?6 IS NOT NULL),
             errors = ${withError("?6")}
           WHERE ${held} RETURNING ${cancelledSql}`,
    )
    .bind(
      owner.id,
      owner.fence,
      back.usageJson,
      back.quirksJson,
      back.delayMs,
      back.errorJson,
      back.charged.seq,
    );
  const answers = await retrying("release", () =>
    db.batch<{ cancelled: number }>([...spending(db, owner, back.charged), releasing]),
  );
  const row =
    answers.at(-1)?.results[0] ??
    (await retrying("release", () =>
      db
        .prepare(
          `SELECT ${cancelledSql} FROM tasks WHERE id = ?1 AND fence = ?2 AND status = 'queued'`,
        )
        .bind(owner.id, owner.fence)
        .first<{ cancelled: number }>(),
    ));
  return row === null ? { held: false } : { held: true, cancelRequested: row.cancelled === 1 };
}

/** How a task ends. JSON columns are text. */
export interface Settlement {
  status: TerminalStatus;
  reason: Reason;
  usageJson: string;
  quirksJson: string;
  outputJson: string | null;
  errorJson: string | null;
  /** Appended to the attempts' errors; null when no attempt failed last. */
  attemptErrorJson: string | null;
  result: { key: string; sha256: string; bytes: number } | null;
  /** The transcript itself where it is small, else null. */
  transcript: string | null;
  /** What steps used that only the transcript holds. */
  charges: readonly Charge[];
  /** What steps used that the ledger does not hold. */
  charged: Charged;
  /** True when `steps` may hold rows of this task. */
  journaled: boolean;
}

const settleSql = `
  UPDATE tasks SET status = ?3, reason = ?4, usage = ?5, quirks = ?6, output = ?7, error = ?8,
    errors = ${withError("?9")},
    attempt = MIN(attempts, attempt + (?9 IS NOT NULL)),
    result_key = ?10, result_sha256 = ?11, result_bytes = ?12, transcript = ?13, charged_seq = ?14,
    finished_at = ${nowSql}, lease_until = NULL, sweep_at = NULL
  WHERE ${held}`;

const settledSql = "SELECT 1 FROM tasks WHERE id = ?1 AND fence = ?2 AND status = ?3";

/**
 * The one terminal write, fenced; the journal's rows go with it, because the transcript holds them.
 * False when the fence is lost. Repeating it after a lost answer is recognised by the row it left.
 */
export async function settle(db: D1Database, owner: Claim, end: Settlement): Promise<boolean> {
  const statements = end.charges.map((charge) => charging(db, owner, charge));
  statements.push(...spending(db, owner, end.charged));
  const at = statements.length;
  statements.push(
    db
      .prepare(settleSql)
      .bind(
        owner.id,
        owner.fence,
        end.status,
        end.reason,
        end.usageJson,
        end.quirksJson,
        end.outputJson,
        end.errorJson,
        end.attemptErrorJson,
        end.result?.key ?? null,
        end.result?.sha256 ?? null,
        end.result?.bytes ?? null,
        end.transcript,
        end.charged.seq,
      ),
  );
  if (end.journaled) {
    statements.push(
      db
        .prepare(`DELETE FROM steps WHERE task_id = ?1 AND EXISTS (${settledSql})`)
        .bind(owner.id, owner.fence, end.status),
    );
  }
  const answers = await retrying("settle", () => db.batch(statements));
  // What its triggers change counts too.
  if ((answers[at]?.meta.changes ?? 0) > 0) return true;
  const found = await retrying("settle", () =>
    db.prepare(settledSql).bind(owner.id, owner.fence, end.status).first(),
  );
  return found !== null;
}
