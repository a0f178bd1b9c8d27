/**
 * The consumer's writes of `tasks`. A claim raises the fence; every later write of that claim carries the
 * fence and changes nothing once a newer claim owns the task. There is no lock in memory.
 */
import { leaseLimits } from "../../limits.ts";
import { withRetries } from "../../platform/retries.ts";
import { type Ceiling, ceilingSql, hasCeilingSql } from "../batches/ceilings.ts";
import { nowSql } from "../clock.ts";
import { heldBackSql } from "../flow/parking.ts";
import { observed } from "../pressure.ts";
import { sql } from "../sql.ts";
import { spentTodaySql } from "../usage/spend.ts";
import type { Claim } from "./claim.ts";
import { nextIdSql } from "./next_task.ts";
import type { TaskRow } from "./task_row.ts";

/**
 * Takes a queued task that is due, or a running one with an expired lease. Taking over an expired lease
 * costs an attempt only when its owner journaled no step, so that a task with progress survives any number
 * of deploys; and never more than the last attempt. The first claim pins the policy's hash.
 *
 * `claimed_by` identifies this call: a claim whose reply was lost is repeated, finds itself and changes
 * nothing. With `onlyEnding`, only a cancelled or expired task is taken.
 */
const lostSql = `(status = 'running' AND claimed_by IS NOT ?3 AND attempt < attempts AND NOT EXISTS (
  SELECT 1 FROM steps WHERE steps.task_id = tasks.id AND steps.fence = tasks.fence))`;

/** After a claim or a heartbeat: when the sweep looks at a running task. */
const sweepMs = leaseLimits.leaseMs + leaseLimits.sweepAfterLeaseMs;

const endingSql = `(cancel_requested_at IS NOT NULL OR expires_at <= ${nowSql})`;

const takeSql = `
  UPDATE tasks SET
    attempt = attempt + ${lostSql},
    errors = CASE WHEN ${lostSql} THEN json_insert(errors, '$[#]', json_object('attempt', attempt + 1,
      'fence', fence, 'code', 'lease_lost', 'class', 'retry', 'at', ${nowSql},
      'message', 'Its worker died or stalled before a step.'))
      ELSE errors END,
    lost_claims = lost_claims + (status = 'running' AND claimed_by IS NOT ?3),
    fence = fence + (claimed_by IS NOT ?3),
    claimed_by = ?3,
    model = COALESCE(own_model, model),
    own_model = NULL,
    status = 'running',
    parked = NULL,
    sends = 1,
    lease_until = ${nowSql} + ${leaseLimits.leaseMs},
    sweep_at = ${nowSql} + ${sweepMs},
    started_at = COALESCE(started_at, ${nowSql}),
    policy_hash = COALESCE(policy_hash, (SELECT value FROM json_each(?2) WHERE key = tasks.policy))`;

/**
 * What dead workers of this run were charged for requests whose step never ended. Usage of an earlier step, and of
 * the run before a restart, is in the journal or does not count.
 */
const egressChargesSql = `(SELECT json_group_array(json(charge)) FROM egress_log
  WHERE egress_log.task_id = tasks.id AND charge IS NOT NULL
    AND seq > COALESCE((SELECT MAX(steps.seq) FROM steps
      WHERE steps.task_id = tasks.id AND steps.status <> 'intent'), 0)
    AND egress_log.fence > COALESCE((SELECT MAX(value->>'fence') FROM json_each(tasks.history)
      WHERE value->'redriven'->>'mode' = 'restart'), 0))`;

const claimedSql = `RETURNING *, ${egressChargesSql} AS egress_charges, ${hasCeilingSql} AS batch_limited, ${ceilingSql} AS batch_ceiling,
  ${spentTodaySql} AS spent_today`;

const claimSql = `${takeSql}
  WHERE id = ?1 AND (?4 = 0 OR ${endingSql})
    AND (claimed_by IS ?3 OR ${endingSql} OR NOT ${heldBackSql})
    AND ((status = 'queued' AND COALESCE(not_before, 0) <= ${nowSql} + 999)
      OR (status = 'queued' AND ${endingSql})
      OR (status = 'running' AND (lease_until < ${nowSql} OR claimed_by = ?3)))
  ${claimedSql}`;

/** The message's own task comes first when it has lost its worker or must end; it needs no turn. */
const ownSql = `(SELECT id FROM tasks WHERE id = ?1 AND (?4 = 0 OR ${endingSql})
  AND ((status = 'queued' AND ${endingSql})
    OR (status = 'running' AND lease_until < ${nowSql} AND NOT ${heldBackSql})))`;

const claimNextSql = `${takeSql}
  WHERE id = COALESCE(${ownSql}, (${nextIdSql})) ${claimedSql}`;

/** Finds the task that a claim took whose reply was lost. */
const findClaimedSql = `SELECT id FROM tasks INDEXED BY tasks_sweep
  WHERE status = 'running' AND sweep_at > ${nowSql} AND claimed_by = ?1`;

/** A claimed task, with the state of its batch's ceiling. */
export type ClaimedTask = TaskRow & {
  batch_limited: number | null;
  batch_ceiling: Ceiling | null;
  /** JSON list of partial usages. */
  egress_charges: string;
  /** Dollars spent by the tenant since 00:00 UTC. */
  spent_today: number;
};

/** `policyHashes` is JSON: the hash of every policy of this deployment by name. Null: not claimable. */
export async function claimTask(
  db: D1Database,
  id: string,
  policyHashes: string,
  onlyEnding = false,
): Promise<ClaimedTask | null> {
  const claimant = crypto.randomUUID();
  return sql.first<ClaimedTask>(db, "claim", claimSql, [
    id,
    policyHashes,
    claimant,
    onlyEnding ? 1 : 0,
  ]);
}

/**
 * Takes the next task in order for a free slot, or the message's own task where that has lost its worker or
 * must end. Null: no task may be taken now. With `onlyEnding` the own task is taken only to end it.
 */
export async function claimNextTask(
  db: D1Database,
  ownTask: { id: string; onlyEnding: boolean },
  policyHashes: string,
  next: readonly unknown[],
): Promise<ClaimedTask | null> {
  const claimant = crypto.randomUUID();
  let isRepeated = false;
  return withRetries("claim next", async () => {
    const found = isRepeated ? sql.statement(db, findClaimedSql, [claimant]) : null;
    const row = found === null ? null : await observed(db, () => found.first<{ id: string }>());
    isRepeated = true;
    const values = [policyHashes, claimant];
    const take =
      row === null
        ? sql.statement(db, claimNextSql, [
            ownTask.id,
            ...values,
            ownTask.onlyEnding ? 1 : 0,
            ...next,
          ])
        : sql.statement(db, claimSql, [row.id, ...values, 0]);
    return observed(db, () => take.first<ClaimedTask>());
  });
}

/** When the newest message of a live task was sent; null when the task is settled, unknown or unsent. */
export async function readSentAt(db: D1Database, id: string): Promise<number | null> {
  const row = await sql.first<{ sent_at: number | null }>(
    db,
    "read sent_at",
    "SELECT sent_at FROM tasks WHERE id = ?1 AND sweep_at IS NOT NULL",
    [id],
  );
  return row?.sent_at ?? null;
}

/**
 * How long a queued task still waits for its due time (0 when it is due), whether a pause or its
 * concurrency key holds it back, and when its newest message was sent; null when it is not queued.
 */
export async function readWaitMs(
  db: D1Database,
  id: string,
): Promise<{ ms: number; heldBack: boolean; sentAt: number | null } | null> {
  const row = await sql.first<{ ms: number; held: number; sent_at: number | null }>(
    db,
    "read due time",
    `SELECT MAX(0, COALESCE(not_before, 0) - ${nowSql}) AS ms, ${heldBackSql} AS held, sent_at FROM tasks
     WHERE id = ?1 AND status = 'queued'`,
    [id],
  );
  return row === null ? null : { ms: row.ms, heldBack: row.held === 1, sentAt: row.sent_at };
}

/** Whether a task waits for a worker, or has lost the one that it had. */
export async function waitsForWorker(db: D1Database, id: string): Promise<boolean> {
  const row = await sql.first(
    db,
    "read task that waits",
    `SELECT 1 FROM tasks WHERE id = ?1
     AND (status = 'queued' OR (status = 'running' AND lease_until < ${nowSql}))`,
    [id],
  );
  return row !== null;
}

/** The condition of every write under a claim; bound as ?1 and ?2. */
export const heldSql = "id = ?1 AND fence = ?2 AND status = 'running'";

/** Renews the lease; false when the fence is lost. The index of `sweep_at` is written by every second one. */
export async function heartbeat(db: D1Database, claim: Claim): Promise<boolean> {
  const changedRows = await sql.run(
    db,
    "heartbeat",
    `UPDATE tasks SET lease_until = ${nowSql} + ${leaseLimits.leaseMs},
     sweep_at = IIF(sweep_at < ${nowSql} + ${leaseLimits.leaseMs},
       ${nowSql} + ${sweepMs}, sweep_at)
     WHERE ${heldSql}`,
    [claim.id, claim.fence],
  );
  return changedRows === 1;
}
