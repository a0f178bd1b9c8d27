/** The budget of this isolate: all invocations that the platform runs in it share it. */
import { concurrencyLimits, memoryLimits } from "../../shared/limits.ts";
import { ByteBudget } from "./byte_budget.ts";

const budgets = new Map<number, ByteBudget>();

/** A local run has no limit of the platform and more slots than a delivery has messages, so it gets as much more. */
export function isolateMemory({
  FLEET_CONCURRENCY = "",
}: {
  FLEET_CONCURRENCY?: string;
}): ByteBudget {
  const slots = Number(FLEET_CONCURRENCY) || memoryLimits.slots;
  const factor = Math.max(1, Math.min(slots, concurrencyLimits.localMax) / memoryLimits.slots);
  const budget = budgets.get(factor) ?? new ByteBudget(factor * memoryLimits.isolateBytesMax);
  budgets.set(factor, budget);
  return budget;
}
