/**
 * The end of a task's work, rung by rung: only `final_answer` is offered, then it is named, then the
 * answer is asked for as JSON without tools, then as text. Each rung is one call that must fit the
 * budgets, and stands once in the journal, so any invocation goes on at the rung where the last stopped.
 */
import { classOf } from "../../../shared/failures.ts";
import type { ModelPayload, Offered, Step } from "../../../shared/step.ts";
import type { Message, ModelRequest, ToolOffer } from "../../models/model.ts";
import { finishText, jsonOnlyText, plainOnlyText, valueOnlyText } from "../conversation/prompt.ts";
import type { AnswerForm } from "./answer_form.ts";

export type FinalStep = Exclude<Offered, "tools">;

/** Why only the answer is asked for: a budget, or replies that lead nowhere. */
export type FinalisationCause = NonNullable<ModelPayload["because"]>;

const rungs: readonly FinalStep[] = ["final_answer", "named", "json", "text"];

/** Where the ladder stands: null while the model still works. */
export interface FinalisationState {
  because: FinalisationCause;
  /** Rungs that had their call. */
  tried: readonly FinalStep[];
}

/** Reads the ladder from the journal: its calls are the last ones, and it is never left by itself. */
export function finalisationOf(steps: readonly Step[]): FinalisationState | null {
  let because: FinalisationCause | null = null;
  const tried: FinalStep[] = [];
  for (const { payload } of steps.toReversed()) {
    if (payload.kind !== "model") continue;
    if (payload.offered === "tools" || payload.because === undefined) break;
    because = payload.because;
    if (payload.reply !== null || isPassed(payload)) tried.push(payload.offered);
  }
  return because === null ? null : { because, tried };
}

/**
 * True for a failed call whose rung is not tried again. Endpoints refuse a forced tool (8006), JSON
 * mode (5023, 5024) or both as invalid, and some run into their deadline over it; that says nothing of
 * the rungs below.
 */
function isPassed({ offered, failure }: ModelPayload): boolean {
  if (failure === null || !isBeyond(offered)) return false;
  const kind = classOf(failure);
  return kind === "fail" || kind === "retry";
}

const isBeyond = (offered: Offered): boolean => offered === "named" || offered === "json";

/** True where this refusal ends its rung and not the task. */
export function refusesRung({ offered, because, failure }: ModelPayload): boolean {
  if (failure === null || offered === "tools" || because === undefined) return false;
  if (failure.code === "model_rejected") return isBeyond(offered);
  // A script that has no turn for a further rung leaves the reason that the ladder has.
  return (
    failure.code === "rehearsal_exhausted" && (offered !== "final_answer" || !isBudget(because))
  );
}

const isBudget = (because: FinalisationCause): boolean => because.startsWith("budget_");

export interface Abilities {
  forcedTool: boolean;
  jsonMode: boolean;
}

/** The next rung, or null when all had their turn. */
export function nextFinalStep(
  climb: FinalisationState,
  form: AnswerForm,
  able: Abilities,
): FinalStep | null {
  const fits = (rung: FinalStep): boolean => {
    // Three answers of the only tool that counts were wrong: to offer it alone changes nothing.
    if (rung === "final_answer") return climb.because !== "invalid_output";
    if (rung === "named") return able.forcedTool;
    if (rung === "json") return able.jsonMode && !form.plainText;
    return true;
  };
  return rungs.find((rung) => fits(rung) && !climb.tried.includes(rung)) ?? null;
}

/** What a request offers at this rung. `final_answer` is always read, even where it is not offered. */
export function offeredAt(
  rung: Offered,
  offers: readonly ToolOffer[],
  finalOffer: ToolOffer,
): Pick<ModelRequest, "tools" | "toolChoice" | "jsonSchema"> {
  switch (rung) {
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

/** What is said before the first call of a rung; `told` are the rungs that were said before. */
export function finalStepPrompt(
  rung: FinalStep,
  because: FinalisationCause,
  told: readonly FinalStep[],
  form: Pick<AnswerForm, "schema" | "plainText">,
): Message[] {
  if (told.includes(rung)) return [];
  const user = (content: string): Message[] => [{ role: "user", content }];
  switch (rung) {
    case "final_answer":
      return user(finishText(because));
    case "named":
      return told.length > 0 ? [] : user(finishText(because));
    case "json":
      return user(jsonOnlyText(form.schema));
    case "text":
      if (form.plainText) return user(plainOnlyText);
      return user(told.includes("json") ? valueOnlyText : jsonOnlyText(form.schema));
  }
}
