/**
 * The ceiling of a batch: what all its tasks together may use. Each model call is charged in the atomic
 * write that journals it, and each write returns whether the ceiling is reached, so a worker exceeds it by
 * at most the call that was in flight.
 */
import { sql } from "../sql.ts";
import type { Claim } from "../tasks/claim.ts";

export interface Charge {
  /** The step that is charged. */
  seq: number;
  tokens: number;
  cost_usd: number;
}

/** Which ceiling is reached; null below both, and without a ceiling. */
export type Ceiling = "budget_tokens" | "budget_cost";

/** As a column of a statement over `tasks`. */
export const ceilingSql = `(SELECT CASE
    WHEN used_tokens >= json_extract(limits, '$.tokens') THEN 'budget_tokens'
    WHEN used_cost_usd >= json_extract(limits, '$.cost_usd') THEN 'budget_cost' END
  FROM batches WHERE batches.id = tasks.batch_id)`;

/** Whether the task's batch has a ceiling: most have none, and are not charged. */
export const hasCeilingSql =
  "(SELECT limits <> '{}' FROM batches WHERE batches.id = tasks.batch_id)";

const chargeSql = `
  UPDATE batches SET used_tokens = used_tokens + ?3, used_cost_usd = used_cost_usd + ?4
  WHERE limits <> '{}' AND id = (SELECT batch_id FROM tasks
      WHERE id = ?1 AND fence = ?2 AND status = 'running')
    AND NOT EXISTS (SELECT 1 FROM steps WHERE task_id = ?1 AND seq = ?5)`;

/**
 * Must precede the step's own statement in the same batch: in a repetition after a lost reply the step
 * exists already (or the task is settled), so nothing is charged twice.
 */
export function chargeStatement(db: D1Database, claim: Claim, charge: Charge): D1PreparedStatement {
  return sql.statement(db, chargeSql, [
    claim.id,
    claim.fence,
    charge.tokens,
    charge.cost_usd,
    charge.seq,
  ]);
}
