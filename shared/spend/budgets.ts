/** A task's budgets with their defaults, and the first one that is used up. */
import { budgetDefaults } from "../limits.ts";
import type { Reason } from "../task/states.ts";
import type { Budgets } from "../task/task.ts";
import type { Usage } from "./usage.ts";

/** Corrections are counted by the checks, and not spent. */
export type Bounds = Omit<Required<Budgets>, "corrections">;
export type BudgetReason = Extract<Reason, `budget_${string}`>;

export function boundsOf(limits: Budgets | undefined): Bounds {
  return { ...budgetDefaults, ...limits };
}

/** The first budget that is used up, or null. */
export function exhaustedBudget(used: Usage, bounds: Bounds): BudgetReason | null {
  if (used.steps >= bounds.steps) return "budget_steps";
  if (used.model_calls >= bounds.model_calls) return "budget_model_calls";
  if (used.prompt_tokens + used.completion_tokens >= bounds.tokens) return "budget_tokens";
  if (used.cost_usd >= bounds.cost_usd) return "budget_cost";
  if (used.seconds >= bounds.seconds) return "budget_seconds";
  return null;
}
