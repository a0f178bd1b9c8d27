/** A model call that failed for good and whose end was never written, because its worker died in between. */
import { classOf, type Failure } from "../../shared/failures.ts";
import type { Step } from "../../shared/step.ts";
import type { TaskRow } from "../../shared/store/task_row.ts";
import { refusesRung } from "../loop/answer/finalisation.ts";

/**
 * The failure that the last step of an earlier claim left to act on, or null. One that ends the task
 * would have settled it; one that costs an attempt stands among the row's errors once it was counted. A
 * fallback's failure decides nothing, so it is asked again. Nor does that of a run before a resume: it
 * ended that run.
 */
export function pendingFailureOf(task: TaskRow, steps: readonly Step[]): Failure | null {
  const last = steps.at(-1);
  if (last === undefined || last.fence >= task.fence || last.payload.kind !== "model") return null;
  if (last.fence <= (task.resumed_from ?? 0)) return null;
  const { failure, model } = last.payload;
  if (failure === null || model !== task.model || refusesRung(last.payload)) return null;
  switch (classOf(failure)) {
    case "wait":
    case "give_back":
      return null;
    case "shrink":
      // The first one is answered by a shorter conversation, the second one is the end.
      return last.payload.forced === true ? failure : null;
    case "retry":
      return wasCounted(task, last.fence) ? null : failure;
    case "fail":
    case "dead":
      return failure;
  }
}

/** By its own claim, or by a later one that found it here. */
function wasCounted(task: TaskRow, fence: number): boolean {
  const errors = JSON.parse(task.errors) as { fence: number }[];
  return errors.some((error) => error.fence >= fence);
}
