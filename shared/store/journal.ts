/**
 * The step journal: what was said and done, written before anything is built on it.
 * One atomic batch per write; each insert is conditional on the fence, so a slice that lost
 * its task writes nothing.
 */

import { retrying } from "../retrying.ts";
import type { Usage } from "../usage.ts";
import { type Ceiling, type Charge, ceilingSql, charging } from "./ceilings.ts";
import type { Claim } from "./claims.ts";
import { nowSql } from "./clock.ts";
import { type EgressRow, egressParts } from "./egress_log.ts";

export interface StepRow {
  task_id: string;
  /** From 1, without gaps, across attempts. */
  seq: number;
  fence: number;
  kind: "model" | "tool";
  name: string;
  /** `intent`: started, outcome unknown. `refused`: a call that was answered without running. */
  status: "done" | "failed" | "refused" | "intent";
  started_at: number;
  duration_ms: number;
  /** JSON text, or null where it stands in R2 under payload_key. */
  payload: string | null;
  payload_key: string | null;
  /** Cumulative after this step: the last row's usage is the task's. */
  usage: string;
}

export type NewStep = Omit<StepRow, "task_id" | "fence" | "usage"> & { usage: Usage };

/** What a write learned: the fence is lost, or held, and whether the task is to end before its next step. */
export type JournalAnswer =
  | { held: false }
  | { held: true; cancelRequested: boolean; expired: boolean; ceiling: Ceiling | null };

const ownedSql = "FROM tasks WHERE id = ?1 AND fence = ?2 AND status = 'running'";

/** Repeating a write replaces the same row with the same content, so a lost answer does no harm. */
const stepSql = `
  INSERT INTO steps (task_id, fence, seq, kind, name, status, started_at, duration_ms, payload, payload_key, usage)
  SELECT id, fence, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11 ${ownedSql}
  ON CONFLICT (task_id, seq) DO UPDATE SET fence = excluded.fence, status = excluded.status,
    duration_ms = excluded.duration_ms, payload = excluded.payload,
    payload_key = excluded.payload_key, usage = excluded.usage
  WHERE excluded.status <> 'intent' OR steps.status = 'intent'`;

const egressSql = `
  INSERT INTO egress_log (task_id, fence, tenant, seq, n, at, method, url, host, action, policy, rule,
    reason, credential, status, bytes_in, bytes_out, duration_ms)
  SELECT tasks.id, fence, tenant, ?3, value->>'n', value->>'at', value->>'method', value->>'url',
    value->>'host', value->>'action', value->>'policy', value->>'rule', value->>'reason',
    value->>'credential', value->>'status', value->>'bytes_in', value->>'bytes_out',
    value->>'duration_ms'
  FROM tasks, json_each(?4) WHERE tasks.id = ?1 AND tasks.fence = ?2 AND tasks.status = 'running'
  ON CONFLICT (task_id, seq, n, fence) DO UPDATE SET action = excluded.action,
    rule = excluded.rule, reason = excluded.reason, credential = excluded.credential,
    status = excluded.status, bytes_in = excluded.bytes_in, bytes_out = excluded.bytes_out, duration_ms = excluded.duration_ms`;

/** Asked with each write, so that an end is seen before the next step. */
const endsSql = `SELECT cancel_requested_at IS NOT NULL AS cancelled,
  COALESCE(expires_at, 9e15) <= ${nowSql} AS expired, ${ceilingSql} AS ceiling ${ownedSql}`;

interface Ends {
  cancelled: number;
  expired: number;
  ceiling: Ceiling | null;
}

/** Writes steps and the decisions made during them. `charges` are for the batch's ceiling. */
export async function writeSteps(
  db: D1Database,
  owner: Claim,
  steps: readonly NewStep[],
  egress: { seq: number; rows: readonly EgressRow[] } | null,
  charges: readonly Charge[] = [],
): Promise<JournalAnswer> {
  const statements = charges.map((charge) => charging(db, owner, charge));
  for (const step of steps) {
    statements.push(
      db
        .prepare(stepSql)
        .bind(
          owner.id,
          owner.fence,
          step.seq,
          step.kind,
          step.name,
          step.status,
          step.started_at,
          step.duration_ms,
          step.payload,
          step.payload_key,
          JSON.stringify(step.usage),
        ),
    );
  }
  for (const part of egressParts(egress?.rows ?? [])) {
    statements.push(db.prepare(egressSql).bind(owner.id, owner.fence, egress?.seq ?? 0, part));
  }
  statements.push(db.prepare(endsSql).bind(owner.id, owner.fence));
  const answers = await retrying("write steps", () => db.batch(statements));
  const row = answers.at(-1)?.results[0] as Ends | undefined;
  if (row === undefined) return { held: false };
  const { cancelled, expired, ceiling } = row;
  return { held: true, cancelRequested: cancelled === 1, expired: expired === 1, ceiling };
}

export async function readSteps(db: D1Database, taskId: string): Promise<StepRow[]> {
  const { results } = await retrying("read steps", () =>
    db.prepare("SELECT * FROM steps WHERE task_id = ?1 ORDER BY seq").bind(taskId).all<StepRow>(),
  );
  return results;
}

/** The last journaled usage of a live task: what `usage` answers while it runs. */
export async function lastUsage(db: D1Database, taskId: string): Promise<string | null> {
  const row = await retrying("last usage", () =>
    db
      .prepare("SELECT usage FROM steps WHERE task_id = ?1 ORDER BY seq DESC LIMIT 1")
      .bind(taskId)
      .first<{ usage: string }>(),
  );
  return row?.usage ?? null;
}

/** The same for many tasks at once; those without a step are missing. */
export async function lastUsages(
  db: D1Database,
  taskIds: readonly string[],
): Promise<Map<string, string>> {
  const { results } = await retrying("last usages", () =>
    db
      .prepare(
        `SELECT task_id, usage, MAX(seq) FROM steps
         WHERE task_id IN (SELECT value FROM json_each(?1)) GROUP BY task_id`,
      )
      .bind(JSON.stringify(taskIds))
      .all<{ task_id: string; usage: string }>(),
  );
  return new Map(results.map((row) => [row.task_id, row.usage]));
}
