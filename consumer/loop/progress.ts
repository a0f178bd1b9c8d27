/** Whether the conversation still gets anywhere: replies of no use, or one cycle of calls, end it. */
import { modelLimits } from "../../shared/limits.ts";
import type { Step } from "../../shared/step.ts";
import { finalAnswerName } from "../tools/catalog.ts";
import type { Conversation } from "./conversation.ts";
import { repetition } from "./repetition.ts";
import type { LoopEnd } from "./turn.ts";

export function noProgress(talk: Conversation, steps: readonly Step[]): LoopEnd | null {
  if (talk.invalidTurns >= modelLimits.invalidTurnsMax) return ofNoUse(talk.invalidTurns, steps);
  if (repetition(steps) === "fine") return null;
  return {
    kind: "failed",
    reason: "no_progress",
    code: "repetition",
    message: "The model repeated the same calls with the same results and did not stop.",
  };
}

function ofNoUse(turns: number, steps: readonly Step[]): LoopEnd {
  const last = steps.findLast((step) => step.status === "refused");
  const answering = last === undefined || last.name === finalAnswerName;
  const said = last?.payload.kind === "tool" ? ` The last problem: ${last.payload.text}` : "";
  return {
    kind: "failed",
    reason: answering ? "invalid_output" : "no_progress",
    code: answering ? "invalid_output" : "invalid_calls",
    message: `${turns} replies in a row held nothing that could be used.${said}`,
  };
}
