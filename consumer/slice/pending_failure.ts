/** A final failure of a model call whose consequence was never written, because the worker died in between. */

import type { TaskRow } from "../../shared/store/tasks/task_row.ts";
import { classOf, type Failure } from "../../shared/task/failures.ts";
import type { Step } from "../../shared/task/step.ts";
import type { DurableTask } from "../../shared/task/task.ts";
import { endsOnlyFinalStep } from "../loop/answer/finalisation.ts";
import { modelOfThread } from "./threads.ts";

/**
 * The failure of an earlier claim's last step that still has to be acted on, or null. A failure that ends the
 * task would have settled it; one that costs an attempt is in the row's errors once it is counted. A fallback's
 * failure decides nothing, so the models are called again. The same holds for a judge's, which never costs the
 * task anything, and for a failure before a resume, which ended that run.
 */
export function pendingFailureOf(
  task: TaskRow,
  spec: DurableTask,
  steps: readonly Step[],
): Failure | null {
  const last = steps.at(-1);
  if (last === undefined || last.fence >= task.fence || last.payload.kind !== "model") return null;
  if (last.fence <= (task.resumed_from ?? 0)) return null;
  const { failure, model, thread = {} } = last.payload;
  if (thread.check !== undefined) return null;
  const ownModel = modelOfThread(spec, thread) ?? task.model;
  if (failure === null || model !== ownModel || endsOnlyFinalStep(last.payload)) return null;
  switch (classOf(failure)) {
    case "wait":
    case "give_back":
      return null;
    case "shrink":
      // The first overflow leads to a shorter conversation, the second one ends the task.
      return last.payload.forced === true ? failure : null;
    case "retry":
      return wasCounted(task, last.fence) ? null : failure;
    case "fail":
    case "dead":
      return failure;
  }
}

/** Whether the failure was counted: by its own claim, or by a later one that found it here. */
function wasCounted(task: TaskRow, fence: number): boolean {
  const errors = JSON.parse(task.errors) as { fence: number }[];
  return errors.some((error) => error.fence >= fence);
}
