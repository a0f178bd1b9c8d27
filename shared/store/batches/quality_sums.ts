/** What the checks, samples and escalations of a batch's tasks did, summed in SQL from each task's summary. */
import type { ModelUsage } from "../../task/quality_summary.ts";

/** Counts of the tasks that have ended, and sums over their samples. */
export interface BatchQuality {
  /** Tasks with checks, samples or escalations. */
  tasks: number;
  /** Tasks of which an answer did not pass a check, and those that succeeded after a correction. */
  checks_failed: number;
  corrected: number;
  /** Samples that ran, and those in the largest class of their task. */
  samples: number;
  agreed: number;
  escalated: number;
  usage_by_model: Record<string, ModelUsage>;
}

const countSql: Readonly<Record<Exclude<keyof BatchQuality, "usage_by_model">, string>> = {
  tasks: "tasks.quality IS NOT NULL",
  checks_failed: "COALESCE(tasks.quality->>'failures' > 0, 0)",
  corrected: "COALESCE(tasks.status = 'succeeded' AND tasks.quality->>'corrections' > 0, 0)",
  samples: "COALESCE(tasks.quality->>'$.agreement.samples', 0)",
  agreed: "COALESCE(tasks.quality->>'$.agreement.agreed', 0)",
  escalated: "COALESCE(tasks.quality->>'escalations' > 0, 0)",
};
const counts = Object.entries(countSql);

const modelFields = ["model_calls", "prompt_tokens", "completion_tokens", "cost_usd"] as const;

/** The usage by model of the rows of a table, named `each`, that fulfil the condition. */
const byModelSql = (table: string, condition: string): string => `(
  SELECT json_group_object(model, json(used)) FROM (
    SELECT by_model.key AS model, json_object(${modelFields
      .map((field) => `'${field}', SUM(by_model.value->>'${field}')`)
      .join(", ")}) AS used
    FROM ${table} AS each, json_each(each.quality, '$.usage_by_model') AS by_model
    WHERE ${condition} GROUP BY by_model.key))`;

/** Of the tasks of one tally; null where none of them has a summary. `inTally` is the condition of the alias. */
export const tallyQualitySql = (inTally: (alias: string) => string): string => `
  IIF(SUM(${countSql.tasks}) = 0, NULL, json_object(
    ${counts.map(([name, sql]) => `'${name}', SUM(${sql})`).join(", ")},
    'usage_by_model', json(${byModelSql("tasks", `each.quality IS NOT NULL AND ${inTally("each")}`)})))`;

/** Of a batch's tallies that are not stale. */
export const batchQualitySql = `
  IIF(MAX(quality) IS NULL, NULL, json_object(
    ${counts.map(([name]) => `'${name}', SUM(COALESCE(quality->>'${name}', 0))`).join(", ")},
    'usage_by_model', json(${byModelSql("batch_tallies", "each.batch_id = batch_tallies.batch_id AND each.stale = 0")})))`;

/** The sum of two; null where there is nothing to sum. */
export function addQuality(a: BatchQuality | null, text: string | null): BatchQuality | null {
  if (text === null) return a;
  const b = JSON.parse(text) as BatchQuality;
  if (a === null) return b;
  const sum = { ...b };
  for (const name of Object.keys(countSql) as (keyof typeof countSql)[]) sum[name] += a[name];
  const models = new Set([...Object.keys(a.usage_by_model), ...Object.keys(b.usage_by_model)]);
  sum.usage_by_model = Object.fromEntries(
    [...models].map((model) => [
      model,
      addModelUsage(a.usage_by_model[model], b.usage_by_model[model]),
    ]),
  );
  return sum;
}

function addModelUsage(a: ModelUsage | undefined, b: ModelUsage | undefined): ModelUsage {
  const sumOf = (field: (typeof modelFields)[number]) => (a?.[field] ?? 0) + (b?.[field] ?? 0);
  return {
    model_calls: sumOf("model_calls"),
    prompt_tokens: sumOf("prompt_tokens"),
    completion_tokens: sumOf("completion_tokens"),
    cost_usd: sumOf("cost_usd"),
  };
}
