/** What a file of answers needs of each task of a batch that has ended. */
import { openAiLimits } from "../limits.ts";
import { retrying } from "../retrying.ts";
import type { TaskRow } from "./task_row.ts";

export type AnswerRow = Pick<
  TaskRow,
  | "id"
  | "tenant"
  | "custom_id"
  | "status"
  | "reason"
  | "model"
  | "labels"
  | "output"
  | "result_key"
  | "error"
  | "usage"
  | "created_at"
  | "finished_at"
> & {
  /** 1 where the task has an output schema of its own; unknown, and 0, where its body stands in R2. */
  structured: number;
  large: number;
};

/** A page in the input's order, behind the task `after`. */
export async function listAnswers(
  db: D1Database,
  tenant: string,
  range: { from: string; to: string },
  after: string,
): Promise<AnswerRow[]> {
  const { results } = await retrying("list answers", () =>
    db
      .prepare(
        `SELECT id, tenant, custom_id, status, reason, model, labels, output, result_key, error, usage,
           created_at, finished_at, spec IS NULL AS large,
           json_type(spec, '$.output_schema') IS NOT NULL AS structured
         FROM tasks WHERE tenant = ?1 AND id >= ?2 AND id < ?3 AND id > ?4
         ORDER BY id LIMIT ${openAiLimits.answersPerPage}`,
      )
      .bind(tenant, range.from, range.to, after)
      .all<AnswerRow>(),
  );
  return results;
}
