/** Whether the model still makes progress: unusable replies or a cycle of calls end the work. */

import { modelLimits } from "../../../shared/limits.ts";
import type { Bounds } from "../../../shared/spend/budgets.ts";
import type { FinalisationCause, Step } from "../../../shared/task/step.ts";
import { finalAnswerName } from "../../tools/catalog.ts";
import { budgetMessage } from "../budget/allowance.ts";
import type { LoopEnd } from "../loop_end.ts";
import type { Conversation } from "./conversation.ts";
import { isLooping } from "./repetition.ts";

/** Why the model must stop working and only answer; null while it makes progress. */
export function stuckCause(
  conversation: Conversation,
  steps: readonly Step[],
): FinalisationCause | null {
  if (conversation.invalidTurns >= modelLimits.invalidTurnsMax) {
    const last = lastRejected(steps);
    const isAnswer = last === undefined || last.name === finalAnswerName;
    return isAnswer ? "invalid_output" : "invalid_calls";
  }
  return isLooping(steps) ? "repetition" : null;
}

const lastRejected = (steps: readonly Step[]): Step | undefined =>
  steps.findLast((step) => step.status === "refused");

/** The end of a task whose answer was requested for this cause and that gave none. */
export function noAnswerEnd(
  cause: FinalisationCause,
  { invalidTurns }: Conversation,
  steps: readonly Step[],
  bounds: Bounds,
): LoopEnd & { kind: "failed" } {
  switch (cause) {
    case "repetition":
      return {
        kind: "failed",
        reason: "no_progress",
        code: cause,
        message: "The model repeated the same calls with the same results and did not stop.",
      };
    case "invalid_output":
    case "invalid_calls": {
      const last = lastRejected(steps);
      const problem = last?.payload.kind === "tool" ? ` Last problem: ${last.payload.text}` : "";
      return {
        kind: "failed",
        reason: cause === "invalid_output" ? cause : "no_progress",
        code: cause,
        message: `${invalidTurns} consecutive replies could not be used.${problem}`,
      };
    }
    default:
      return { kind: "failed", reason: cause, code: cause, message: budgetMessage(cause, bounds) };
  }
}
