/** What a batch may cost, from its tasks and the models' prices. An estimate, with what it assumes beside it. */

import { budgetDefaults, dryRunLimits } from "../../shared/limits.ts";
import type { Price } from "../../shared/models/profiles.ts";
import { estimateTokens } from "../../shared/models/tokens.ts";
import type { DurableTask } from "../../shared/task.ts";

/** Tasks that weigh alike but for their prompts. */
export interface Load {
  /** The task's own model first, then those that may stand in for it. */
  models: readonly string[];
  tasks: number;
  promptTokens: number;
  /** Of each task. */
  limits: { tokens: number; cost_usd: number };
}

export interface Estimate {
  /** One call for each task: its prompt, and a short answer. */
  first_calls: { prompt_tokens: number; completion_tokens: number; cost_usd: number | null };
  /** Every task uses up its limits, at the dearest of its models. */
  worst_case: { tokens: number; cost_usd: number | null };
}

/** What stands behind the numbers, for people. */
export const assumptions: readonly string[] = [
  `a token is about 4 characters of ASCII, or 1.25 of other text, and a first call weighs ${dryRunLimits.openingTokens} tokens more for the system's text and the tools`,
  `first_calls is one model call for each task, with an answer of ${dryRunLimits.answerTokens} tokens; most tasks need several calls`,
  "worst_case is each task using up limits.tokens or limits.cost_usd, whichever comes first, over all its attempts, at the dearest of its models, and at most the batch's own limits",
  "nothing is taken as cached; files in the workspace cost nothing until a tool reads them",
  "a model without a price counts as free: give it one in MODEL_PROFILES, and bound it by limits.tokens",
];

/** Sums tasks by what their cost depends on. */
export class Loads {
  readonly #loads = new Map<string, Load>();

  add(task: DurableTask, models: readonly string[]): void {
    const { tokens, cost_usd } = { ...budgetDefaults, ...task.limits };
    const key = JSON.stringify([models, tokens, cost_usd]);
    const load = this.#loads.get(key) ?? {
      models,
      tasks: 0,
      promptTokens: 0,
      limits: { tokens, cost_usd },
    };
    load.tasks += 1;
    load.promptTokens += promptTokens(task);
    this.#loads.set(key, load);
  }

  get all(): readonly Load[] {
    return [...this.#loads.values()];
  }
}

function promptTokens({ prompt = "", messages = [], input }: DurableTask): number {
  const texts = [prompt, ...messages.map(({ content }) => content)];
  if (input !== undefined) texts.push(JSON.stringify(input));
  return texts.reduce<number>(
    (sum, text) => sum + estimateTokens(text),
    dryRunLimits.openingTokens,
  );
}

/** `priceOf` answers null where nobody could be asked: then dollars are null too. */
export function estimateOf(
  loads: readonly Load[],
  batch: { tokens?: number; cost_usd?: number },
  priceOf: (model: string) => Price | null,
): Estimate {
  let [prompt, completion, first, tokens, worst] = [0, 0, 0, 0, 0];
  let priced = true;
  for (const { models, tasks, promptTokens: own, limits } of loads) {
    const prices = models.map(priceOf);
    const [price] = prices;
    prompt += own;
    completion += tasks * dryRunLimits.answerTokens;
    tokens += tasks * limits.tokens;
    if (price === undefined || prices.includes(null) || price === null) priced = false;
    else {
      first += own * price.input + tasks * dryRunLimits.answerTokens * price.output;
      const dearest = Math.max(...prices.flatMap((one) => [one?.input ?? 0, one?.output ?? 0]));
      worst += tasks * Math.min(limits.cost_usd, (limits.tokens * dearest) / 1_000_000);
    }
  }
  return {
    first_calls: {
      prompt_tokens: prompt,
      completion_tokens: completion,
      cost_usd: priced ? first / 1_000_000 : null,
    },
    worst_case: {
      tokens: Math.min(tokens, batch.tokens ?? Number.POSITIVE_INFINITY),
      cost_usd: priced ? Math.min(worst, batch.cost_usd ?? Number.POSITIVE_INFINITY) : null,
    },
  };
}
