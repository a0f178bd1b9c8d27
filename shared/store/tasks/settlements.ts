/** The writes that end a claim: a release or the settlement. */
import { flowLimits, sweepLimits } from "../../limits.ts";
import { runningRetries } from "../../platform/retries.ts";
import { err, ok, type Result } from "../../result.ts";
import { type Reason, storedReason, type TerminalStatus } from "../../task/states.ts";
import { approvalDueSql, type Proposal, proposalStatements } from "../approvals.ts";
import { type Charge, chargeStatement } from "../batches/ceilings.ts";
import { nowSql } from "../clock.ts";
import { sql } from "../sql.ts";
import { type LedgerEntry, ledgerStatements } from "../usage/spend.ts";
import type { Claim } from "./claim.ts";
import { heldSql } from "./claims.ts";

/** The errors with one more failed attempt and its time; unchanged when the parameter is null. */
const withError = (parameter: string) => `CASE WHEN ${parameter} IS NULL THEN errors
  ELSE json_insert(errors, '$[#]', json_set(${parameter}, '$.at', ${nowSql})) END`;

const cancelledSql = "cancel_requested_at IS NOT NULL AS cancelled";

/** `fence_lost`: another claim owns the task, and nothing was written. */
export type ReleaseResult = Result<{ cancelRequested: boolean }, "fence_lost">;

/**
 * Ends a slice without settling: the task is queued again. `errorJson` makes it a failed attempt; null
 * costs none. A cancelled task is due at once. A repetition after a lost reply finds the released row.
 */
export async function releaseTask(
  db: D1Database,
  claim: Claim,
  slice: {
    delayMs: number;
    usageJson: string;
    quirksJson: string;
    errorJson: string | null;
    ledger: LedgerEntry;
    /** The model that it waits for, if that is not its own. */
    nextModel?: string;
    /** A call for which the task waits. */
    proposal?: Proposal | null;
  },
): Promise<ReleaseResult> {
  const release = sql.statement(
    db,
    `UPDATE tasks SET status = 'queued', lease_until = NULL, usage = ?3, quirks = ?4, charged_seq = ?7,
       model = COALESCE(?8, model), own_model = IIF(?8 <> model, model, NULL),
       not_before = CASE WHEN cancel_requested_at IS NOT NULL THEN NULL
         WHEN ?9 IS NOT NULL THEN ${approvalDueSql("?9")}
         WHEN ?5 > 0 THEN ${nowSql} + ?5 ELSE not_before END,
       sent_at = ${nowSql}, sends = 1,
       sweep_at = IIF(cancel_requested_at IS NULL AND (?9 IS NULL OR ${approvalDueSql("?9")} IS NOT NULL),
         COALESCE(expires_at, ${sweepLimits.never}), ${nowSql}),
       attempt = attempt + (?6 IS NOT NULL),
       errors = ${withError("?6")}
     WHERE ${heldSql} RETURNING ${cancelledSql}`,
    [
      claim.id,
      claim.fence,
      slice.usageJson,
      slice.quirksJson,
      slice.delayMs,
      slice.errorJson,
      slice.ledger.seq,
      slice.nextModel ?? null,
      slice.proposal?.id ?? null,
    ],
  );
  const results = await sql.batch<{ cancelled: number }[]>(
    db,
    "release",
    [
      ...ledgerStatements(db, claim, slice.ledger),
      ...(slice.proposal ? proposalStatements(db, claim, slice.proposal) : []),
      release,
    ],
    runningRetries,
  );
  const row =
    results.at(-1)?.results[0] ??
    (await sql.first<{ cancelled: number }>(
      db,
      "release",
      `SELECT ${cancelledSql} FROM tasks WHERE id = ?1 AND fence = ?2 AND status = 'queued'`,
      [claim.id, claim.fence],
    ));
  return row === null ? err("fence_lost") : ok({ cancelRequested: row.cancelled === 1 });
}

/** The final state of a task. JSON columns are text. */
export interface Settlement {
  status: TerminalStatus;
  reason: Reason;
  usageJson: string;
  quirksJson: string;
  /** What the row has of the output and the error, and everything else of the task (`task_body.ts`). */
  outputJson: string | null;
  errorJson: string | null;
  body: Uint8Array | null;
  /** Appended to the attempts' errors; null when the last attempt did not fail. */
  attemptErrorJson: string | null;
  result: { key: string; sha256: string; bytes: number } | null;
  /** JSON text of QualitySummary; null for a task without checks, samples and escalation. */
  qualityJson?: string | null;
  /** Usage of steps that were never journaled, for the batch's ceiling. */
  charges: readonly Charge[];
  ledger: LedgerEntry;
  /** Whether `steps` may hold rows of this task. */
  journaled: boolean;
}

const settleSql = `
  UPDATE tasks SET status = ?3, reason = ?4, newer_reason = ?15, usage = ?5, quirks = ?6, output = ?7, error = ?8,
    errors = ${withError("?9")},
    attempt = MIN(attempts, attempt + (?9 IS NOT NULL)),
    result_key = ?10, result_sha256 = ?11, result_bytes = ?12, charged_seq = ?14,
    spec = IIF(?13, NULL, spec), transcript = NULL, body_id = IIF(?13, last_insert_rowid(), NULL),
    quality = ?16, finished_at = ${nowSql}, lease_until = NULL, claimed_by = NULL, sweep_at = NULL
  WHERE ${heldSql}`;

/** Must directly precede the settlement, which refers to the row that it inserts. */
const bodySql = `INSERT INTO task_bodies (bytes) SELECT ?3 FROM tasks WHERE ${heldSql}`;

/** Whether a task may wait for a slot. Of a long queue only the head is read, and a few that are not due. */
const waitingSql = `SELECT COUNT(*) = ${flowLimits.waitingReadMax} OR COALESCE(MAX(due), 0) AS waiting FROM (
  SELECT COALESCE(not_before, 0) <= ${nowSql} + 999 AS due FROM tasks INDEXED BY tasks_ready
  WHERE status = 'queued' AND parked IS NULL LIMIT ${flowLimits.waitingReadMax})`;

/** `othersWait`: false when no task waits for a slot, so the slot need not look for the next one. */
export type SettleResult = Result<{ othersWait: boolean }, "fence_lost">;

const settledSql = "SELECT 1 FROM tasks WHERE id = ?1 AND fence = ?2 AND status = ?3";

/**
 * The one terminal write, fenced. It deletes the journal's rows, which the transcript contains, and moves the body
 * out of the row. A repetition after a lost reply finds the settled row.
 */
export async function writeSettlement(
  db: D1Database,
  claim: Claim,
  end: Settlement,
): Promise<SettleResult> {
  const stored = storedReason(end.reason);
  const statements = end.charges.map((charge) => chargeStatement(db, claim, charge));
  statements.push(...ledgerStatements(db, claim, end.ledger));
  if (end.body !== null) {
    const { buffer } = end.body.slice();
    statements.push(sql.statement(db, bodySql, [claim.id, claim.fence, buffer]));
  }
  const index = statements.length;
  statements.push(
    sql.statement(db, settleSql, [
      claim.id,
      claim.fence,
      end.status,
      stored.reason,
      end.usageJson,
      end.quirksJson,
      end.outputJson,
      end.errorJson,
      end.attemptErrorJson,
      end.result?.key ?? null,
      end.result?.sha256 ?? null,
      end.result?.bytes ?? null,
      end.body === null ? 0 : 1,
      end.ledger.seq,
      stored.newerReason,
      end.qualityJson ?? null,
    ]),
  );
  if (end.journaled) {
    statements.push(
      sql.statement(db, `DELETE FROM steps WHERE task_id = ?1 AND EXISTS (${settledSql})`, [
        claim.id,
        claim.fence,
        end.status,
      ]),
    );
  }
  statements.push(sql.statement(db, waitingSql));
  const answers = await sql.batch<{ waiting: number }[]>(db, "settle", statements, runningRetries);
  const answer = ok({ othersWait: answers.at(-1)?.results[0]?.waiting !== 0 });
  // The count includes rows that triggers changed.
  if ((answers[index]?.meta.changes ?? 0) > 0) return answer;
  const row = await sql.first(db, "settle", settledSql, [claim.id, claim.fence, end.status]);
  return row === null ? err("fence_lost") : answer;
}
