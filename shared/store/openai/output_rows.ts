/** What an output file of a batch needs from each of its tasks. */
import { openAiLimits } from "../../limits.ts";
import { sql } from "../sql.ts";
import { reasonSql, type TaskRow } from "../tasks/task_row.ts";

export type OutputRow = Pick<
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
  /** 1 when the task has its own output schema; 0 (unknown) when its body is in R2. */
  structured: number;
  large: number;
};

/** A page in input order, after the task `after`. */
export async function listOutputRows(
  db: D1Database,
  tenant: string,
  range: { from: string; to: string },
  after: string,
): Promise<OutputRow[]> {
  return sql.all<OutputRow>(
    db,
    "list answers",
    `SELECT id, tenant, custom_id, status, ${reasonSql} AS reason, model, labels, output, result_key, error, usage,
       created_at, finished_at, spec IS NULL AS large,
       json_type(spec, '$.output_schema') IS NOT NULL AS structured
     FROM tasks WHERE tenant = ?1 AND id >= ?2 AND id < ?3 AND id > ?4
     ORDER BY id LIMIT ${openAiLimits.resultsPerPage}`,
    [tenant, range.from, range.to, after],
  );
}
