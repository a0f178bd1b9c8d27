/** An estimate of a batch's cost, from its tasks and the models' prices, with the assumptions behind it. */
import { budgetDefaults, dryRunLimits } from "../../shared/limits.ts";
import type { Price } from "../../shared/models/profiles.ts";
import { estimateTokens } from "../../shared/models/tokens.ts";
import { type DurableTask, messageText } from "../../shared/task/task.ts";

/** Tasks whose cost differs only by their prompts. */
export interface CostGroup {
  /** The task's own model first, then its fallbacks. */
  models: readonly string[];
  tasks: number;
  promptTokens: number;
  /** The limits of each task. */
  limits: { tokens: number; cost_usd: number };
}

export interface Estimate {
  /** One call per task: its prompt and a short reply. */
  first_calls: { prompt_tokens: number; completion_tokens: number; cost_usd: number | null };
  /** Every task uses up its limits, on the most expensive of its models. */
  worst_case: { tokens: number; cost_usd: number | null };
}

/** The assumptions behind the numbers, for people. */
export const assumptions: readonly string[] = [
  `a token is about 4 characters of ASCII, or 1.25 of other text, and a first call has about ${dryRunLimits.openingTokens} more for the system prompt and the tools`,
  `first_calls is one model call per task, with a reply of ${dryRunLimits.answerTokens} tokens; most tasks need several calls`,
  "worst_case is each task using up limits.tokens or limits.cost_usd, whichever comes first, over all its attempts, on the most expensive of its models, and at most the batch's own limits",
  "no prompt tokens are cached; files in the workspace cost nothing until a tool reads them",
  "a model without a price counts as free: set one in MODEL_PROFILES, and limit the task by limits.tokens",
];

/** Groups tasks by what their cost depends on. */
export class CostGroups {
  readonly #groups = new Map<string, CostGroup>();

  add(task: DurableTask, models: readonly string[]): void {
    const { tokens, cost_usd } = { ...budgetDefaults, ...task.limits };
    const key = JSON.stringify([models, tokens, cost_usd]);
    const group = this.#groups.get(key) ?? {
      models,
      tasks: 0,
      promptTokens: 0,
      limits: { tokens, cost_usd },
    };
    group.tasks += 1;
    group.promptTokens += countPromptTokens(task);
    this.#groups.set(key, group);
  }

  get all(): readonly CostGroup[] {
    return [...this.#groups.values()];
  }
}

function countPromptTokens({ prompt = "", messages = [], input }: DurableTask): number {
  const texts = [prompt, ...messages.map(({ content }) => messageText(content))];
  if (input !== undefined) texts.push(JSON.stringify(input));
  return texts.reduce<number>(
    (sum, text) => sum + estimateTokens(text),
    dryRunLimits.openingTokens,
  );
}

/** `priceOf` returns null where the consumer did not answer: then dollars are null too. */
export function estimateCost(
  groups: readonly CostGroup[],
  batch: { tokens?: number; cost_usd?: number },
  priceOf: (model: string) => Price | null,
): Estimate {
  let [prompt, completion, first, tokens, worst] = [0, 0, 0, 0, 0];
  let isPriced = true;
  for (const { models, tasks, promptTokens, limits } of groups) {
    const prices = models.map(priceOf);
    const [price] = prices;
    prompt += promptTokens;
    completion += tasks * dryRunLimits.answerTokens;
    tokens += tasks * limits.tokens;
    if (price === undefined || prices.includes(null) || price === null) isPriced = false;
    else {
      first += promptTokens * price.input + tasks * dryRunLimits.answerTokens * price.output;
      const highest = Math.max(...prices.flatMap((each) => [each?.input ?? 0, each?.output ?? 0]));
      worst += tasks * Math.min(limits.cost_usd, (limits.tokens * highest) / 1_000_000);
    }
  }
  return {
    first_calls: {
      prompt_tokens: prompt,
      completion_tokens: completion,
      cost_usd: isPriced ? first / 1_000_000 : null,
    },
    worst_case: {
      tokens: Math.min(tokens, batch.tokens ?? Number.POSITIVE_INFINITY),
      cost_usd: isPriced ? Math.min(worst, batch.cost_usd ?? Number.POSITIVE_INFINITY) : null,
    },
  };
}
