/** Whether the conversation still gets anywhere: replies of no use, or one cycle of calls, end it. */
import { modelLimits } from "../../../shared/limits.ts";
import type { Step } from "../../../shared/step.ts";
import { finalAnswerName } from "../../tools/catalog.ts";
import type { FinalisationCause } from "../answer/finalisation.ts";
import { type Bounds, budgetMessage } from "../budget/allowance.ts";
import type { LoopEnd } from "../loop_end.ts";
import type { Conversation } from "./conversation.ts";
import { isLooping } from "./repetition.ts";

/** Why the model shall work no further and only answer; null while it gets on. */
export function noProgress(talk: Conversation, steps: readonly Step[]): FinalisationCause | null {
  if (talk.invalidTurns >= modelLimits.invalidTurnsMax) {
    const last = lastRefused(steps);
    const answering = last === undefined || last.name === finalAnswerName;
    return answering ? "invalid_output" : "invalid_calls";
  }
  return isLooping(steps) ? "repetition" : null;
}

const lastRefused = (steps: readonly Step[]): Step | undefined =>
  steps.findLast((step) => step.status === "refused");

/** How a task ends that was asked for its answer, for this reason, and gave none. */
export function unanswered(
  because: FinalisationCause,
  talk: Conversation,
  steps: readonly Step[],
  bounds: Bounds,
): LoopEnd & { kind: "failed" } {
  switch (because) {
    case "repetition":
      return {
        kind: "failed",
        reason: "no_progress",
        code: because,
        message: "The model repeated the same calls with the same results and did not stop.",
      };
    case "invalid_output":
    case "invalid_calls": {
      const last = lastRefused(steps);
      const said = last?.payload.kind === "tool" ? ` The last problem: ${last.payload.text}` : "";
      return {
        kind: "failed",
        reason: because === "invalid_output" ? because : "no_progress",
        code: because,
        message: `${talk.invalidTurns} replies in a row held nothing that could be used.${said}`,
      };
    }
    default:
      return {
        kind: "failed",
        reason: because,
        code: because,
        message: budgetMessage(because, bounds),
      };
  }
}
