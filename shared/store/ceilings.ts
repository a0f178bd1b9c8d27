/**
 * The ceiling of a batch: what all its tasks together may use. Each model call is charged in the same
 * atomic write that journals it, and each write answers whether the ceiling is reached, so a worker
 * overshoots by the one call that it had in flight.
 */
import type { Claim } from "./claims.ts";

export interface Charge {
  /** The step that used it. */
  seq: number;
  tokens: number;
  cost_usd: number;
}

/** Which ceiling of its batch a task runs into; null below both, and for a task without one. */
export type Ceiling = "budget_tokens" | "budget_cost";

/** As a column of a statement over `tasks`. */
export const ceilingSql = `(SELECT CASE
    WHEN used_tokens >= json_extract(limits, '$.tokens') THEN 'budget_tokens'
    WHEN used_cost_usd >= json_extract(limits, '$.cost_usd') THEN 'budget_cost' END
  FROM batches WHERE batches.id = tasks.batch_id)`;

/** Whether the task's batch has a ceiling at all: most have none, and are charged nothing. */
export const isLimitedSql =
  "(SELECT limits <> '{}' FROM batches WHERE batches.id = tasks.batch_id)";

const chargeSql = `
  UPDATE batches SET used_tokens = used_tokens + ?3, used_cost_usd = used_cost_usd + ?4
  WHERE limits <> '{}' AND id = (SELECT batch_id FROM tasks
      WHERE id = ?1 AND fence = ?2 AND status = 'running')
    AND NOT EXISTS (SELECT 1 FROM steps WHERE task_id = ?1 AND seq = ?5)`;

/**
 * Stands before the step's own statement in one batch: when the write is repeated after a lost answer,
 * the step is there (or the task is settled) and nothing is charged twice.
 */
export function charging(db: D1Database, owner: Claim, charge: Charge): D1PreparedStatement {
  return db
    .prepare(chargeSql)
    .bind(owner.id, owner.fence, charge.tokens, charge.cost_usd, charge.seq);
}
