/**
 * What a task's budgets still allow. Budgets are cumulative across attempts and reserved before they are
 * spent, so that no call exceeds a bound by more than its own worst case.
 */

import { modelLimits } from "../../../shared/limits.ts";
import { type Bounds, type BudgetReason, exhaustedBudget } from "../../../shared/spend/budgets.ts";
import type { Usage } from "../../../shared/spend/usage.ts";

/** Dollars per token of the model in use; zero where it is free or its price is unknown. */
export interface Prices {
  inputPerToken: number;
  outputPerToken: number;
}

/** What the next model call may be: with every tool, only for the answer, or not made at all. */
export type Allowance =
  | {
      kind: "go";
      offered: "tools" | "final_answer";
      outputTokensMax: number;
      cause: BudgetReason | null;
    }
  | { kind: "stop"; reason: BudgetReason };

export interface NextCall {
  promptTokens: number;
  outputTokensMax: number;
  prices: Prices;
  /** True once the gateway has refused a request because the egress budget was used up. */
  egressRefused: boolean;
  /** Claims whose workers died, perhaps in the middle of a call. */
  lostClaims: number;
}

/**
 * Decides on the next model call. One call is reserved for the answer: the last call that fits offers only
 * `final_answer`, and `cause` names the budget that requires it.
 */
export function allowanceFor(used: Usage, bounds: Bounds, next: NextCall): Allowance {
  const exhaustion = exhaustedBudget(used, bounds);
  if (exhaustion !== null) return { kind: "stop", reason: exhaustion };

  const reserve = reserveForLostClaims(next);
  const tokensLeft =
    bounds.tokens -
    used.prompt_tokens -
    used.completion_tokens -
    reserve.tokens -
    next.promptTokens;
  if (tokensLeft < modelLimits.answerTokensMin) return { kind: "stop", reason: "budget_tokens" };

  const dollarsLeft =
    bounds.cost_usd -
    used.cost_usd -
    reserve.dollars -
    next.promptTokens * next.prices.inputPerToken;
  const affordable =
    next.prices.outputPerToken > 0
      ? Math.floor(dollarsLeft / next.prices.outputPerToken)
      : Number.POSITIVE_INFINITY;
  if (affordable < modelLimits.answerTokensMin) return { kind: "stop", reason: "budget_cost" };

  return {
    kind: "go",
    ...nextOffer(used, bounds, { tokens: tokensLeft, dollars: dollarsLeft }, next),
    outputTokensMax: Math.min(next.outputTokensMax, tokensLeft, affordable),
  };
}

/**
 * The worst case of what dead workers spent without journaling it: one call like the next one for each of
 * them but the first. The first stays within the tolerance of one call, so a single deploy costs a task
 * nothing.
 */
function reserveForLostClaims({ lostClaims, promptTokens, outputTokensMax, prices }: NextCall): {
  tokens: number;
  dollars: number;
} {
  const calls = Math.max(0, lostClaims - 1);
  const dollars = promptTokens * prices.inputPerToken + outputTokensMax * prices.outputPerToken;
  return { tokens: calls * (promptTokens + outputTokensMax), dollars: calls * dollars };
}

function nextOffer(
  used: Usage,
  bounds: Bounds,
  remaining: { tokens: number; dollars: number },
  next: NextCall,
): { offered: "tools" | "final_answer"; cause: BudgetReason | null } {
  const lastCall = (cause: BudgetReason) => ({ offered: "final_answer" as const, cause });
  if (bounds.model_calls - used.model_calls <= 1) return lastCall("budget_model_calls");
  // A turn with a tool needs three steps: this call, the tool, and the answer after it.
  if (bounds.steps - used.steps <= 2) return lastCall("budget_steps");
  if (used.tool_calls >= bounds.tool_calls) return lastCall("budget_tool_calls");
  if (next.egressRefused) return lastCall("budget_egress");
  // Another turn of this size is reserved, if the budget is large enough to leave room for work.
  const turnTokens = next.promptTokens + modelLimits.outputTokensDefault;
  if (remaining.tokens - next.outputTokensMax < turnTokens && bounds.tokens > 4 * turnTokens) {
    return lastCall("budget_tokens");
  }
  const { inputPerToken, outputPerToken } = next.prices;
  const turnDollars =
    next.promptTokens * inputPerToken + modelLimits.outputTokensDefault * outputPerToken;
  const dollarsAfter = remaining.dollars - next.outputTokensMax * outputPerToken;
  if (dollarsAfter < turnDollars && bounds.cost_usd > 4 * turnDollars) {
    return lastCall("budget_cost");
  }
  if (workMillisecondsLeft(used, bounds) <= 0) return lastCall("budget_seconds");
  return { offered: "tools", cause: null };
}

/**
 * How many more tool calls fit, and which budget is exhausted when none does. One step is reserved for the
 * answer. The gateway bounds egress itself, request by request.
 */
export function toolCallsLeft(
  used: Usage,
  bounds: Bounds,
): { count: number; exhausted: BudgetReason | null } {
  const calls = bounds.tool_calls - used.tool_calls;
  const steps = stepsLeft(used, bounds);
  if (calls <= 0) return { count: 0, exhausted: "budget_tool_calls" };
  if (steps === 0) return { count: 0, exhausted: "budget_steps" };
  if (workMillisecondsLeft(used, bounds) <= 0) return { count: 0, exhausted: "budget_seconds" };
  return { count: Math.min(calls, steps), exhausted: null };
}

/** The steps left for work: one is reserved for the answer. */
export function stepsLeft(used: Usage, bounds: Bounds): number {
  return Math.max(0, bounds.steps - used.steps - 1);
}

/** How long the next call may take. */
export function millisecondsLeft(used: Usage, bounds: Bounds): number {
  return Math.max(0, (bounds.seconds - used.seconds) * 1000);
}

/** How long tools may still run: part of the time is reserved for the answer. */
export function workMillisecondsLeft(used: Usage, bounds: Bounds): number {
  const reserveMs = Math.min(
    modelLimits.answerSecondsMax,
    bounds.seconds * modelLimits.answerSecondsShare,
  );
  return Math.max(0, millisecondsLeft(used, bounds) - reserveMs * 1000);
}

/** The error message of a task whose budget is used up. */
export function budgetMessage(reason: BudgetReason, bounds: Bounds): string {
  const field = reason.replace("budget_", "") as keyof Bounds | "cost" | "egress";
  const names: (keyof Bounds)[] =
    field === "egress"
      ? ["egress_requests", "egress_bytes"]
      : [field === "cost" ? "cost_usd" : field];
  const spent = names.map((name) => `limits.${name} (${bounds[name]})`).join(" or ");
  return `The task used up ${spent}. Raise it, or redrive the task with a larger one.`;
}
