/** How a slice's loop may end. */

import type { Proposal } from "../../shared/store/approvals.ts";
import type { Ceiling } from "../../shared/store/batches/ceilings.ts";
import type { JournalResult } from "../../shared/store/tasks/journal.ts";
import type { Failure } from "../../shared/task/failures.ts";
import type { Reason } from "../../shared/task/states.ts";

/** `failed` settles the task; `failure` counts by its class. `lost`: a newer claim owns the task. */
export type LoopEnd =
  | { kind: "answered"; output: unknown }
  | { kind: "failed"; reason: Reason; code: string; message: string }
  | { kind: "cancelled" }
  | { kind: "expired" }
  | { kind: "yielded" }
  | { kind: "lost" }
  /** A call waits for a person. */
  | { kind: "proposed"; proposal: Proposal }
  | { kind: "failure"; failure: Failure };

/** The end that a write to the journal implies; null when the loop continues. */
export function endAfterWrite(result: JournalResult): LoopEnd | null {
  if (!result.ok) return { kind: "lost" };
  const { cancelRequested, expired, ceiling } = result.value;
  if (cancelRequested) return { kind: "cancelled" };
  if (expired) return { kind: "expired" };
  return ceiling === null ? null : batchCeilingEnd(ceiling);
}

/** The end of a task whose batch has used up its shared budget. */
export function batchCeilingEnd(ceiling: Ceiling): LoopEnd & { kind: "failed" } {
  const name = ceiling === "budget_tokens" ? "tokens" : "cost_usd";
  const message = `The batch has used up its limits.${name}, which all its tasks share. Submit the rest as another batch.`;
  return { kind: "failed", reason: ceiling, code: "batch_ceiling", message };
}
