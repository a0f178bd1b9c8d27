/**
 * Finalisation: the last calls of a task, in which only the answer is requested. The steps are: offer only
 * `final_answer`, force it, request JSON without tools, request text. Each step is one call that must fit
 * the budgets and is journaled once, so any invocation continues at the step where the last one stopped.
 */

import type { Message, ModelRequest, ToolOffer } from "../../../shared/models/model.ts";
import { classOf } from "../../../shared/task/failures.ts";
import type {
  FinalisationCause,
  ModelPayload,
  OfferKind,
  Step,
} from "../../../shared/task/step.ts";
import { finishText, jsonOnlyText, plainOnlyText, valueOnlyText } from "../conversation/prompt.ts";
import type { AnswerForm } from "./answer_form.ts";

export type FinalStep = Exclude<OfferKind, "tools">;

const finalSteps: readonly FinalStep[] = ["final_answer", "named", "json", "text"];

export interface FinalisationState {
  cause: FinalisationCause;
  /** The final steps that were already tried. */
  triedSteps: readonly FinalStep[];
}

/**
 * Reads the finalisation state from the trailing model calls of the journal; null while the model works.
 * Once started, finalisation is only left by a resume.
 */
export function finalisationOf(steps: readonly Step[]): FinalisationState | null {
  let cause: FinalisationCause | null = null;
  const triedSteps: FinalStep[] = [];
  for (const { payload } of steps.toReversed()) {
    if (payload.kind !== "model") continue;
    if (payload.offered === "tools" || payload.because === undefined) break;
    cause = payload.because;
    if (payload.reply !== null || usedItsStep(payload)) triedSteps.push(payload.offered);
  }
  return cause === null ? null : { cause, triedSteps };
}

/**
 * True for a failed call whose step is not tried again. Endpoints reject a forced tool (8006), JSON mode
 * (5023, 5024) or both as invalid, and some time out on them; later steps may still work.
 */
function usedItsStep({ offered, failure }: ModelPayload): boolean {
  if (failure === null || !isForced(offered)) return false;
  const kind = classOf(failure);
  return kind === "fail" || kind === "retry";
}

const isForced = (offer: OfferKind): boolean => offer === "named" || offer === "json";

/** True where this failure ends only its final step and not the task. */
export function endsOnlyFinalStep({ offered, because, failure }: ModelPayload): boolean {
  if (failure === null || offered === "tools" || because === undefined) return false;
  if (failure.code === "model_rejected") return isForced(offered);
  // A rehearsal without a turn for a further step ends the task for the cause of the finalisation.
  return (
    failure.code === "rehearsal_exhausted" && (offered !== "final_answer" || !isBudget(because))
  );
}

const isBudget = (cause: FinalisationCause): boolean => cause.startsWith("budget_");

export interface Abilities {
  forcedTool: boolean;
  jsonMode: boolean;
}

/** The next final step, or null when all were tried. */
export function nextFinalStep(
  { cause, triedSteps }: FinalisationState,
  form: AnswerForm,
  abilities: Abilities,
): FinalStep | null {
  const applies = (step: FinalStep): boolean => {
    // Three calls of `final_answer` were invalid: offering only that tool would change nothing.
    if (step === "final_answer") return cause !== "invalid_output";
    if (step === "named") return abilities.forcedTool;
    if (step === "json") return abilities.jsonMode && !form.plainText;
    return true;
  };
  return finalSteps.find((step) => applies(step) && !triedSteps.includes(step)) ?? null;
}

/** What a request offers. `final_answer` is always parsed, even where it is not offered. */
export function requestOffers(
  offer: OfferKind,
  offers: readonly ToolOffer[],
  finalOffer: ToolOffer,
): Pick<ModelRequest, "tools" | "toolChoice" | "jsonSchema"> {
  switch (offer) {
    case "tools":
      return { tools: offers, toolChoice: "auto" };
    case "final_answer":
      return { tools: [finalOffer], toolChoice: "auto" };
    case "named":
      return { tools: [finalOffer], toolChoice: { name: finalOffer.name } };
    case "json":
      return { tools: [finalOffer], toolChoice: "none", jsonSchema: finalOffer.parameters };
    case "text":
      return { tools: [finalOffer], toolChoice: "none" };
  }
}

/** The messages before the first call of a final step; `promptedSteps` already had theirs. */
export function finalStepPrompt(
  step: FinalStep,
  cause: FinalisationCause,
  promptedSteps: readonly FinalStep[],
  form: Pick<AnswerForm, "schema" | "plainText">,
): Message[] {
  if (promptedSteps.includes(step)) return [];
  const user = (content: string): Message[] => [{ role: "user", content }];
  switch (step) {
    case "final_answer":
      return user(finishText(cause));
    case "named":
      return promptedSteps.length > 0 ? [] : user(finishText(cause));
    case "json":
      return user(jsonOnlyText(form.schema));
    case "text":
      if (form.plainText) return user(plainOnlyText);
      return user(promptedSteps.includes("json") ? valueOnlyText : jsonOnlyText(form.schema));
  }
}
