/** What an output file of a batch needs from each of its tasks. */
import { openAiLimits } from "../../limits.ts";
import { sql } from "../sql.ts";
import {
  reasonSql,
  type StoredTaskRow,
  type TaskRow,
  wholeColumns,
  wholeTask,
} from "../tasks/task_row.ts";

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
  /** Whether the task has its own output schema; null when its submitted body is in R2. */
  structured: boolean | null;
};

/** A page in input order, after the task `after`. */
export async function listOutputRows(
  db: D1Database,
  tenant: string,
  range: { from: string; to: string },
  after: string,
): Promise<OutputRow[]> {
  const rows = await sql.all<StoredTaskRow>(
    db,
    "list answers",
    `SELECT ${wholeColumns}, ${reasonSql} AS reason FROM tasks
     WHERE tenant = ?1 AND id >= ?2 AND id < ?3 AND id > ?4
     ORDER BY id LIMIT ${openAiLimits.resultsPerPage}`,
    [tenant, range.from, range.to, after],
  );
  return rows.map((stored) => {
    const { spec, ...row } = wholeTask(stored);
    return { ...row, structured: spec === null ? null : hasOutputSchema(spec) };
  });
}

const hasOutputSchema = (spec: string): boolean =>
  (JSON.parse(spec) as { output_schema?: unknown }).output_schema !== undefined;
