/** One try of one row, graded: what an evaluation keeps of a task. */
import type { Reason, Status } from "../../shared/task/states.ts";

export interface GradedTry {
  task_id: string;
  status: Status;
  reason: Reason | null;
  /** Null if the task did not succeed; a long one is cut. */
  output: unknown;
  /** Null where a judge did not give its verdict. */
  pass: boolean | null;
  /** One for each grader, between 0 and 1; null where none could be given. */
  scores: (number | null)[];
  cost_usd: number;
  tokens: number;
  latency_ms: number | null;
}

/** One line of the R2 object that stores a variant's grades. */
export interface GradedRow {
  row: number;
  tries: GradedTry[];
}
