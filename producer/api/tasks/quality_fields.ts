/** What the checks, samples and escalations of a task did, as a task, a result and a line of results show it. */
import { Type } from "@sinclair/typebox";
import { Count, Dollars, oneOf, orNull } from "../../http/values.ts";

const CheckResponse = Type.Object({
  name: Type.String(),
  verdict: orNull(oneOf(["passed", "failed", "error"])),
  failed: Count,
  errors: Count,
  score: Type.Optional(Type.Number()),
});

const AgreementResponse = Type.Object({
  samples: Count,
  count: Count,
  need: Count,
  agreed: Count,
  classes: Type.Array(Type.Object({ value: Type.Unknown(), count: Count })),
});

export const ModelUsageResponse = Type.Object({
  model_calls: Count,
  prompt_tokens: Count,
  completion_tokens: Count,
  cost_usd: Dollars,
});

/** Present where the task has checks, samples or escalations, and has settled. */
export const qualityFields = {
  checks: Type.Optional(Type.Array(CheckResponse)),
  corrections: Type.Optional(Count),
  agreement: Type.Optional(orNull(AgreementResponse)),
  escalations: Type.Optional(Count),
  usage_by_model: Type.Optional(Type.Record(Type.String(), ModelUsageResponse)),
};
