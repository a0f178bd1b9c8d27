/** The model calls of a task that the ledger does not have yet. */

import type { LedgerEntry, Spend } from "../../shared/store/usage/spend.ts";
import type { Step } from "../../shared/task/step.ts";

/** Summed by model. A rehearsal costs nothing, so it is left out. */
export function unchargedSpend(steps: readonly Step[], chargedSeq: number): LedgerEntry {
  const sums = new Map<string, Spend>();
  for (const { seq, payload } of steps) {
    if (seq <= chargedSeq || payload.kind !== "model" || payload.model === "rehearsal") continue;
    const { prompt_tokens, cached_tokens, completion_tokens, cost_usd } = payload.usage;
    if (prompt_tokens + completion_tokens + cost_usd === 0) continue;
    const sum = sums.get(payload.model) ?? noSpend(payload.model);
    sums.set(payload.model, {
      model: payload.model,
      calls: sum.calls + 1,
      prompt_tokens: sum.prompt_tokens + prompt_tokens,
      cached_tokens: sum.cached_tokens + cached_tokens,
      completion_tokens: sum.completion_tokens + completion_tokens,
      unpriced_tokens: sum.unpriced_tokens + (payload.usage.unpriced_tokens ?? 0),
      cost_usd: sum.cost_usd + cost_usd,
    });
  }
  return { seq: steps.at(-1)?.seq ?? chargedSeq, spend: [...sums.values()] };
}

const noSpend = (model: string): Spend => ({
  model,
  calls: 0,
  prompt_tokens: 0,
  cached_tokens: 0,
  completion_tokens: 0,
  unpriced_tokens: 0,
  cost_usd: 0,
});
