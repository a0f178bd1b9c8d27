/**
 * Budgets: cumulative across attempts, and reserved before they are spent, so that no call can
 * carry a task past its bound by more than that call's own worst case.
 */
import { budgetDefaults, modelLimits } from "../../shared/limits.ts";
import type { Reason } from "../../shared/states.ts";
import type { Budgets } from "../../shared/task.ts";
import type { Usage } from "../../shared/usage.ts";

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
      because: Reason | null;
    }
  | { kind: "stop"; reason: Reason };

/** Below this many tokens an answer is not worth asking for. */
const outputTokensMin = 64;

/**
 * Decides on the next model call. One call is kept for the end: at the last one that fits, only
 * `final_answer` is offered, and `because` names the budget that asks for it.
 */
export function allow(
  used: Usage,
  bounds: Bounds,
  next: { promptTokens: number; outputTokensMax: number; prices: Prices },
): Allowance {
  const spent = exhausted(used, bounds);
  if (spent !== null) return { kind: "stop", reason: spent };

  const tokensLeft =
    bounds.tokens - used.prompt_tokens - used.completion_tokens - next.promptTokens;
  if (tokensLeft < outputTokensMin) return { kind: "stop", reason: "budget_tokens" };

  const dollarsLeft =
    bounds.cost_usd - used.cost_usd - next.promptTokens * next.prices.inputPerToken;
  const affordable =
    next.prices.outputPerToken > 0
      ? Math.floor(dollarsLeft / next.prices.outputPerToken)
      : Number.POSITIVE_INFINITY;
  if (affordable < outputTokensMin) return { kind: "stop", reason: "budget_cost" };

  return {
    kind: "go",
    ...ending(used, bounds, tokensLeft, next),
    outputTokensMax: Math.min(next.outputTokensMax, tokensLeft, affordable),
  };
}

function ending(
  used: Usage,
  bounds: Bounds,
  tokensLeft: number,
  next: { promptTokens: number; outputTokensMax: number },
): { offered: "tools" | "final_answer"; because: Reason | null } {
  const last = (because: Reason) => ({ offered: "final_answer" as const, because });
  if (bounds.model_calls - used.model_calls <= 1) return last("budget_model_calls");
  if (bounds.steps - used.steps <= 1) return last("budget_steps");
  if (used.tool_calls >= bounds.tool_calls) return last("budget_tool_calls");
  const oneTurn = next.promptTokens + modelLimits.outputTokensDefault;
  if (tokensLeft - next.outputTokensMax < oneTurn && bounds.tokens > 4 * oneTurn) {
    return last("budget_tokens");
  }
  return { offered: "tools", because: null };
}

/** The first budget that is used up, or null. */
export function exhausted(used: Usage, bounds: Bounds): Reason | null {
  if (used.steps >= bounds.steps) return "budget_steps";
  if (used.model_calls >= bounds.model_calls) return "budget_model_calls";
  if (used.prompt_tokens + used.completion_tokens >= bounds.tokens) return "budget_tokens";
  if (used.cost_usd >= bounds.cost_usd) return "budget_cost";
  if (used.seconds >= bounds.seconds) return "budget_seconds";
  return null;
}

/** Whether one more tool call fits. Egress is bounded by the gateway, request by request. */
export function toolCallFits(used: Usage, bounds: Bounds): Reason | null {
  if (used.tool_calls >= bounds.tool_calls) return "budget_tool_calls";
  if (used.steps >= bounds.steps) return "budget_steps";
  if (used.seconds >= bounds.seconds) return "budget_seconds";
  return null;
}

/** What a budget's end says to people. */
export function budgetMessage(reason: Reason, bounds: Bounds): string {
  const field = reason.replace("budget_", "") as keyof Bounds | "cost" | "egress";
  const name = field === "cost" ? "cost_usd" : field === "egress" ? "egress_requests" : field;
  return `The task used up limits.${name} (${bounds[name]}). Raise it, or redrive the task with a larger one.`;
}
