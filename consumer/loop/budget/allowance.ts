/**
 * Budgets: cumulative across attempts, and reserved before they are spent, so that no call can
 * carry a task past its bound by more than that call's own worst case.
 */
import { budgetDefaults, modelLimits } from "../../../shared/limits.ts";
import type { Reason } from "../../../shared/states.ts";
import type { Budgets } from "../../../shared/task.ts";
import type { Usage } from "../../../shared/usage.ts";

export type Bounds = Required<Budgets>;

export function boundsOf(asked: Budgets | undefined): Bounds {
  return { ...budgetDefaults, ...asked };
}

/** Dollars per token of the model in use; zero where it costs nothing or nobody knows. */
export interface Prices {
  inputPerToken: number;
  outputPerToken: number;
}

/** What the next model call may be: everything, only the answer, or nothing more. */
export type Allowance =
  | {
      kind: "go";
      offered: "tools" | "final_answer";
      outputTokensMax: number;
      because: BudgetReason | null;
    }
  | { kind: "stop"; reason: BudgetReason };

export type BudgetReason = Extract<Reason, `budget_${string}`>;

/** What the next model call would be. */
export interface NextCall {
  promptTokens: number;
  outputTokensMax: number;
  prices: Prices;
  /** True once the gateway has refused a request for want of egress budget. */
  egressRefused: boolean;
  /** Claims whose workers died, perhaps in the middle of a call. */
  lostClaims: number;
}

/**
 * Decides on the next model call. One call is kept for the end: at the last one that fits, only
 * `final_answer` is offered, and `because` names the budget that asks for it.
 */
export function allow(used: Usage, bounds: Bounds, next: NextCall): Allowance {
  const spent = exhausted(used, bounds);
  if (spent !== null) return { kind: "stop", reason: spent };

  const lost = lostTo(next);
  const tokensLeft =
    bounds.tokens - used.prompt_tokens - used.completion_tokens - lost.tokens - next.promptTokens;
  if (tokensLeft < modelLimits.answerTokensMin) return { kind: "stop", reason: "budget_tokens" };

  const dollarsLeft =
    bounds.cost_usd - used.cost_usd - lost.dollars - next.promptTokens * next.prices.inputPerToken;
  const affordable =
    next.prices.outputPerToken > 0
      ? Math.floor(dollarsLeft / next.prices.outputPerToken)
      : Number.POSITIVE_INFINITY;
  if (affordable < modelLimits.answerTokensMin) return { kind: "stop", reason: "budget_cost" };

  return {
    kind: "go",
    ...ending(used, bounds, { tokens: tokensLeft, dollars: dollarsLeft }, next),
    outputTokensMax: Math.min(next.outputTokensMax, tokensLeft, affordable),
  };
}

/**
 * What dead workers may have bought that no journal holds, at the worst: a call like the next one for each
 * of them but the first. That one stays within what a budget may be exceeded by, so a task that meets a
 * single deploy is bounded as if it had met none.
 */
function lostTo({ lostClaims, promptTokens, outputTokensMax, prices }: NextCall): {
  tokens: number;
  dollars: number;
} {
  const calls = Math.max(0, lostClaims - 1);
  const dollars = promptTokens * prices.inputPerToken + outputTokensMax * prices.outputPerToken;
  return { tokens: calls * (promptTokens + outputTokensMax), dollars: calls * dollars };
}

function ending(
  used: Usage,
  bounds: Bounds,
  left: { tokens: number; dollars: number },
  next: NextCall,
): { offered: "tools" | "final_answer"; because: BudgetReason | null } {
  const last = (because: BudgetReason) => ({ offered: "final_answer" as const, because });
  if (bounds.model_calls - used.model_calls <= 1) return last("budget_model_calls");
  // A tool call takes this call's step, its own, and one for the answer after it.
  if (bounds.steps - used.steps <= 2) return last("budget_steps");
  if (used.tool_calls >= bounds.tool_calls) return last("budget_tool_calls");
  if (next.egressRefused) return last("budget_egress");
  // One more turn like this one is kept, where the budget is large enough that work fits beside it.
  const oneTurn = next.promptTokens + modelLimits.outputTokensDefault;
  if (left.tokens - next.outputTokensMax < oneTurn && bounds.tokens > 4 * oneTurn) {
    return last("budget_tokens");
  }
  const { inputPerToken, outputPerToken } = next.prices;
  const turnDollars =
    next.promptTokens * inputPerToken + modelLimits.outputTokensDefault * outputPerToken;
  const dollarsAfter = left.dollars - next.outputTokensMax * outputPerToken;
  if (dollarsAfter < turnDollars && bounds.cost_usd > 4 * turnDollars) return last("budget_cost");
  if (workMillisecondsLeft(used, bounds) <= 0) return last("budget_seconds");
  return { offered: "tools", because: null };
}

/** The first budget that is used up, or null. */
export function exhausted(used: Usage, bounds: Bounds): BudgetReason | null {
  if (used.steps >= bounds.steps) return "budget_steps";
  if (used.model_calls >= bounds.model_calls) return "budget_model_calls";
  if (used.prompt_tokens + used.completion_tokens >= bounds.tokens) return "budget_tokens";
  if (used.cost_usd >= bounds.cost_usd) return "budget_cost";
  if (used.seconds >= bounds.seconds) return "budget_seconds";
  return null;
}

/**
 * How many more tool calls fit, and which budget says so when none does. One step is kept for the
 * answer. Egress is bounded by the gateway, request by request.
 */
export function toolCallsLeft(
  used: Usage,
  bounds: Bounds,
): { count: number; spent: BudgetReason | null } {
  const calls = bounds.tool_calls - used.tool_calls;
  const steps = stepsLeft(used, bounds);
  if (calls <= 0) return { count: 0, spent: "budget_tool_calls" };
  if (steps === 0) return { count: 0, spent: "budget_steps" };
  if (workMillisecondsLeft(used, bounds) <= 0) return { count: 0, spent: "budget_seconds" };
  return { count: Math.min(calls, steps), spent: null };
}

/** The steps that are left for anything but the answer. */
export function stepsLeft(used: Usage, bounds: Bounds): number {
  return Math.max(0, bounds.steps - used.steps - 1);
}

/** How long the next call may take. */
export function millisecondsLeft(used: Usage, bounds: Bounds): number {
  return Math.max(0, (bounds.seconds - used.seconds) * 1000);
}

/** How long tools may still run: a part of the time is kept for the answer. */
export function workMillisecondsLeft(used: Usage, bounds: Bounds): number {
  const kept = Math.min(
    modelLimits.answerSecondsMax,
    bounds.seconds * modelLimits.answerSecondsShare,
  );
  return Math.max(0, millisecondsLeft(used, bounds) - kept * 1000);
}

/** What a budget's end says to people. */
export function budgetMessage(reason: BudgetReason, bounds: Bounds): string {
  const field = reason.replace("budget_", "") as keyof Bounds | "cost" | "egress";
  const names: (keyof Bounds)[] =
    field === "egress"
      ? ["egress_requests", "egress_bytes"]
      : [field === "cost" ? "cost_usd" : field];
  const spent = names.map((name) => `limits.${name} (${bounds[name]})`).join(" or ");
  return `The task used up ${spent}. Raise it, or redrive the task with a larger one.`;
}
