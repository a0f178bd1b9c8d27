/** Rows of `approvals`: calls that wait for a person, and what was decided. */
import { approvalLimits } from "../limits.ts";
import type { ApprovalTerms } from "../task/approval.ts";
import { nowSql } from "./clock.ts";
import { sql } from "./sql.ts";
import type { Claim } from "./tasks/claim.ts";
import { heldSql } from "./tasks/claims.ts";

/** A row, as D1 returns it. JSON columns are text; times are milliseconds. */
export interface ApprovalRow {
  id: string;
  tenant: string;
  task_id: string;
  batch_id: string | null;
  call_id: string;
  /** The time of the reply that holds the call. */
  replied_at: number;
  tool: string;
  arguments: string;
  arguments_hash: string;
  /** JSON: the last steps before the call, as a person reads them. */
  steps: string;
  status: "pending" | "approved" | "denied";
  on_timeout: ApprovalTerms["on_timeout"];
  deadline_at: number;
  /** JSON: the arguments that a person wrote instead; null where the call runs as it is. */
  edited: string | null;
  note: string | null;
  /** Why an approved call could not run, so that it waits again. */
  problem: string | null;
  /** The key that decided; null for the fleet's own key. */
  decided_by: string | null;
  decided_at: number | null;
  created_at: number;
}

/** Identifies a call: its id within a reply, and the time of that reply. */
export interface CallKey {
  call_id: string;
  replied_at: number;
}

/** A call that is to wait. */
export interface Proposal extends CallKey {
  id: string;
  tool: string;
  arguments: string;
  arguments_hash: string;
  steps: string;
  problem: string | null;
  terms: ApprovalTerms;
  /** The time of the decision that the proposal answers; null where none was read. */
  decided_at: number | null;
}

export const findApproval = (
  db: D1Database,
  taskId: string,
  { call_id, replied_at }: CallKey,
): Promise<ApprovalRow | null> =>
  sql.first<ApprovalRow>(
    db,
    "find approval",
    "SELECT * FROM approvals WHERE task_id = ?1 AND call_id = ?2 AND replied_at = ?3",
    [taskId, call_id, replied_at],
  );

/**
 * The statements that let a call wait, for the write that releases its task. A call that waits again keeps
 * its row, and a decision that was made since the row was read stays. A task with a webhook reports it.
 */
export function proposalStatements(
  db: D1Database,
  claim: Claim,
  proposal: Proposal,
): D1PreparedStatement[] {
  const { terms } = proposal;
  return [
    sql.statement(
      db,
      `INSERT INTO approvals (id, tenant, task_id, batch_id, call_id, replied_at, tool, arguments,
         arguments_hash, steps, status, on_timeout, deadline_at, problem, created_at)
       SELECT ?3, tenant, id, batch_id, ?4, ?5, ?6, ?7, ?8, ?9, 'pending', ?10, ${nowSql} + ?11, ?12, ${nowSql}
       FROM tasks WHERE ${heldSql}
       ON CONFLICT (task_id, call_id, replied_at) DO UPDATE SET id = excluded.id, status = 'pending', tool = excluded.tool,
         arguments = excluded.arguments, arguments_hash = excluded.arguments_hash, edited = NULL, note = NULL,
         problem = excluded.problem, deadline_at = excluded.deadline_at, decided_by = NULL, decided_at = NULL
       WHERE approvals.decided_at IS ?13
         AND (approvals.status <> 'pending' OR approvals.arguments_hash <> excluded.arguments_hash)`,
      [
        claim.id,
        claim.fence,
        proposal.id,
        proposal.call_id,
        proposal.replied_at,
        proposal.tool,
        proposal.arguments,
        proposal.arguments_hash,
        proposal.steps,
        terms.on_timeout,
        terms.seconds * 1_000,
        proposal.problem,
        proposal.decided_at,
      ],
    ),
    sql.statement(
      db,
      `INSERT INTO webhooks (id, tenant, event, subject, target, state, due_at, created_at)
       SELECT 'hook_' || substr(?3, 6), tenant, 'approval.requested', ?3, webhook, 'waiting', ${nowSql}, ${nowSql}
       FROM tasks WHERE ${heldSql} AND webhook IS NOT NULL ON CONFLICT DO NOTHING`,
      [claim.id, claim.fence, proposal.id],
    ),
  ];
}

/**
 * When a task is due that waits for the call with this parameter's id, for the release of the task: at the call's
 * deadline, however often the task was woken before; null, which is at once, if it was decided meanwhile.
 */
export const approvalDueSql = (parameter: string): string =>
  `(SELECT deadline_at FROM approvals WHERE approvals.id = ${parameter} AND approvals.status = 'pending')`;

export const readApproval = (
  db: D1Database,
  tenant: string,
  id: string,
): Promise<ApprovalRow | null> =>
  sql.first<ApprovalRow>(
    db,
    "read approval",
    "SELECT * FROM approvals WHERE id = ?1 AND tenant = ?2",
    [id, tenant],
  );

export interface ApprovalFilter {
  batch: string | null;
  task: string | null;
  tool: string | null;
}

/** Calls whose tasks still wait for them; parameters ?1 to ?4. */
const pendingSql = `approvals INDEXED BY approvals_pending JOIN tasks ON tasks.id = approvals.task_id
  WHERE approvals.tenant = ?1 AND approvals.status = 'pending' AND tasks.status IN ('queued', 'running')
    AND (?2 IS NULL OR approvals.batch_id = ?2) AND (?3 IS NULL OR task_id = ?3)
    AND (?4 IS NULL OR tool = ?4)`;

const filterValues = (tenant: string, { batch, task, tool }: ApprovalFilter) => [
  tenant,
  batch,
  task,
  tool,
];

/** Oldest first; one row more than `limit` shows that another page follows. */
export const listPending = (
  db: D1Database,
  tenant: string,
  filter: ApprovalFilter,
  { cursor, limit }: { cursor: string | null; limit: number },
): Promise<ApprovalRow[]> =>
  sql.all<ApprovalRow>(
    db,
    "list approvals",
    `SELECT approvals.* FROM ${pendingSql} AND approvals.id > ?5 ORDER BY approvals.id LIMIT ?6`,
    [...filterValues(tenant, filter), cursor ?? "", limit + 1],
  );

export async function countPending(
  db: D1Database,
  tenant: string,
  filter: ApprovalFilter,
): Promise<number> {
  const row = await sql.first<{ n: number }>(
    db,
    "count approvals",
    `SELECT COUNT(*) AS n FROM ${pendingSql}`,
    filterValues(tenant, filter),
  );
  return row?.n ?? 0;
}

export interface Decision {
  status: "approved" | "denied";
  edited: string | null;
  note: string | null;
  decidedBy: string | null;
}

/**
 * Decides some pending calls and makes their tasks due, in one transaction. Returns the ids that this call
 * decided, or that it decided before a lost reply. A call past its deadline is decided by the task's terms.
 */
export async function decideApprovals(
  db: D1Database,
  tenant: string,
  ids: readonly string[],
  decision: Decision,
): Promise<string[]> {
  const list = JSON.stringify(ids);
  const [decided] = await sql.batch<[{ id: string }, unknown]>(db, "decide approvals", [
    sql.statement(
      db,
      `UPDATE approvals SET status = ?3, edited = ?4, note = ?5, decided_by = ?6, decided_at = ${nowSql}
       WHERE tenant = ?1 AND id IN (SELECT value FROM json_each(?2))
         AND (status = 'pending' OR (status = ?3 AND edited IS ?4 AND note IS ?5))
         AND deadline_at > ${nowSql}
       RETURNING id`,
      [tenant, list, decision.status, decision.edited, decision.note, decision.decidedBy],
    ),
    sql.statement(
      db,
      `UPDATE tasks SET not_before = NULL, sent_at = NULL, sweep_at = ${nowSql}
       WHERE tenant = ?1 AND status = 'queued' AND id IN (SELECT task_id FROM approvals
         WHERE id IN (SELECT value FROM json_each(?2)) AND status <> 'pending')`,
      [tenant, list],
    ),
  ]);
  return decided.results.map(({ id }) => id);
}

/** The ids of up to `decidedPerCallMax` pending calls that match. */
export async function matchPending(
  db: D1Database,
  tenant: string,
  filter: ApprovalFilter,
): Promise<string[]> {
  const rows = await listPending(db, tenant, filter, {
    cursor: null,
    limit: approvalLimits.decidedPerCallMax - 1,
  });
  return rows.map(({ id }) => id);
}
