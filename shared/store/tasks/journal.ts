/**
 * The step journal: model calls and tool calls, written before anything depends on them. One atomic batch
 * per write; each insert is conditional on the fence, so a slice that lost its task writes nothing.
 */

import { runningRetries } from "../../platform/retries.ts";
import { err, ok, type Result } from "../../result.ts";
import type { Usage } from "../../spend/usage.ts";
import { type Ceiling, type Charge, ceilingSql, chargeStatement } from "../batches/ceilings.ts";
import { nowSql } from "../clock.ts";
import { type EgressRow, egressParts } from "../egress/egress_log.ts";
import { sql } from "../sql.ts";
import type { Claim } from "./claim.ts";
import { type NewStep, packTurns, type StepRow, unpackTurn } from "./turn_rows.ts";

/** Why the task has to end before its next step, read with each write. */
export interface EndSignals {
  cancelRequested: boolean;
  expired: boolean;
  ceiling: Ceiling | null;
}

/** Whether the task has to end: then no intent is written, and its effect must not start. */
export const mustEnd = ({ cancelRequested, expired, ceiling }: EndSignals): boolean =>
  cancelRequested || expired || ceiling !== null;

/** `fence_lost`: another claim owns the task, and nothing was written. */
export type JournalResult = Result<EndSignals, "fence_lost">;

const ownedSql = "FROM tasks WHERE id = ?1 AND fence = ?2 AND status = 'running'";

const expiredSql = `COALESCE(expires_at, 9e15) <= ${nowSql}`;

/**
 * A repetition writes the same row again, so a lost reply is harmless. The intent of a task that must end is
 * not written: its effect does not start, and would look like one without an outcome.
 */
const stepSql = `
  INSERT INTO steps (task_id, fence, seq, kind, name, status, started_at, duration_ms, payload, payload_key, usage)
  SELECT id, fence, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11 ${ownedSql}
    AND (?6 <> 'intent' OR NOT (cancel_requested_at IS NOT NULL OR ${expiredSql} OR ${ceilingSql} IS NOT NULL))
  ON CONFLICT (task_id, seq) DO UPDATE SET fence = excluded.fence, status = excluded.status,
    duration_ms = excluded.duration_ms, payload = excluded.payload,
    payload_key = excluded.payload_key, usage = excluded.usage
  WHERE excluded.status <> 'intent' OR steps.status = 'intent'`;

/** An outcome replaces "unknown", never the other way round, in whatever order the two writes arrive. */
const egressSql = `
  INSERT INTO egress_log (task_id, fence, tenant, seq, n, at, method, url, host, action, policy, rule,
    reason, credential, status, bytes_in, bytes_out, duration_ms, charge)
  SELECT tasks.id, fence, tenant, ?3, value->>'n', value->>'at', value->>'method', value->>'url',
    value->>'host', value->>'action', value->>'policy', value->>'rule', value->>'reason',
    value->>'credential', value->>'status', value->>'bytes_in', value->>'bytes_out',
    value->>'duration_ms', ?5
  FROM tasks, json_each(?4) WHERE tasks.id = ?1 AND tasks.fence = ?2 AND tasks.status = 'running'
  ON CONFLICT (task_id, seq, n, fence) DO UPDATE SET action = excluded.action,
    rule = excluded.rule, reason = excluded.reason, credential = excluded.credential,
    status = excluded.status, bytes_in = excluded.bytes_in, bytes_out = excluded.bytes_out,
    duration_ms = excluded.duration_ms, charge = excluded.charge
  WHERE excluded.reason <> 'unknown' OR egress_log.charge IS NOT NULL`;

const endSignalsSql = `SELECT cancel_requested_at IS NOT NULL AS cancelled,
  ${expiredSql} AS expired, ${ceilingSql} AS ceiling ${ownedSql}`;

type EndSignalsRow = { cancelled: number; expired: number; ceiling: Ceiling | null };

/** Decisions of one step. `charge`: the task's totals if no outcome follows; null or absent with an outcome. */
export interface StepEgress {
  seq: number;
  rows: readonly EgressRow[];
  charge?: Partial<Usage> | null;
}

/**
 * Writes steps and the gateway's decisions during them, the steps of a turn in one row. `charges` count against
 * the batch's ceiling.
 */
export async function writeSteps(
  db: D1Database,
  claim: Claim,
  steps: readonly NewStep[],
  egress: StepEgress | null,
  charges: readonly Charge[] = [],
): Promise<JournalResult> {
  const turns = packTurns(steps);
  const statements = charges.map((charge) => {
    const turn = turns.find(({ seqs }) => seqs.includes(charge.seq));
    return chargeStatement(db, claim, { ...charge, seq: turn?.row.seq ?? charge.seq });
  });
  for (const { row: step } of turns) {
    statements.push(
      sql.statement(db, stepSql, [
        claim.id,
        claim.fence,
        step.seq,
        step.kind,
        step.name,
        step.status,
        step.started_at,
        step.duration_ms,
        step.payload,
        step.payload_key,
        JSON.stringify(step.usage),
      ]),
    );
  }
  for (const part of egressParts(egress?.rows ?? [])) {
    const charge = egress?.charge ?? null;
    const chargeText = charge === null ? null : JSON.stringify(charge);
    const values = [claim.id, claim.fence, egress?.seq ?? 0, part, chargeText];
    statements.push(sql.statement(db, egressSql, values));
  }
  statements.push(sql.statement(db, endSignalsSql, [claim.id, claim.fence]));
  const results = await sql.batch<EndSignalsRow[]>(db, "write steps", statements, runningRetries);
  const row = results.at(-1)?.results[0];
  if (row === undefined) return err("fence_lost");
  const { cancelled, expired, ceiling } = row;
  return ok({ cancelRequested: cancelled === 1, expired: expired === 1, ceiling });
}

/** One entry for each step, ordered by row: a later entry replaces an earlier one with its number. */
export async function readSteps(db: D1Database, taskId: string): Promise<StepRow[]> {
  const rows = await sql.all<StepRow>(
    db,
    "read steps",
    "SELECT * FROM steps WHERE task_id = ?1 ORDER BY seq",
    [taskId],
  );
  return rows.flatMap(unpackTurn);
}

/** The last journaled usage of live tasks, by id; tasks without a step are missing. */
export async function readLastUsages(
  db: D1Database,
  taskIds: readonly string[],
): Promise<Map<string, string>> {
  const rows = await sql.all<{ task_id: string; usage: string }>(
    db,
    "last usages",
    `SELECT task_id, usage, MAX(seq) FROM steps
     WHERE task_id IN (SELECT value FROM json_each(?1)) GROUP BY task_id`,
    [JSON.stringify(taskIds)],
  );
  return new Map(rows.map((row) => [row.task_id, row.usage]));
}
