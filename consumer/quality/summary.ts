/** Sums up the checks, samples and escalations of a task from its journal. Pure. */
import { qualityLimits } from "../../shared/limits.ts";
import { addUsage, noUsage } from "../../shared/spend/usage.ts";
import type {
  AgreementSummary,
  CheckSummary,
  ModelUsage,
  QualitySummary,
} from "../../shared/task/quality_summary.ts";
import type { Step } from "../../shared/task/step.ts";
import { isSameThread, stepsOfThread, threadOf } from "../../shared/task/thread.ts";
import type { ThreadMark } from "../../shared/task/thread_mark.ts";
import { canonicalJson } from "../../shared/text/canonical_json.ts";
import { eventsIn, foldAttempt } from "./attempt.ts";
import { checkName, type QualityPlan, type SamplePlan } from "./plan.ts";
import { classesOf } from "./vote.ts";

/** `thread` gave the answer, or worked last; `own` is the task's model. */
export function summarise(
  plan: QualityPlan,
  steps: readonly Step[],
  { thread, own }: { thread: ThreadMark; own: string },
): QualitySummary {
  const events = eventsIn(steps);
  const worked = stepsOfThread(steps, thread).findLast(({ payload }) => payload.kind === "model");
  const tier = Math.max(0, ...steps.map((step) => threadOf(step).tier ?? 0));
  return {
    model: worked?.payload.kind === "model" ? worked.payload.model : own,
    checks: plan.checks.map((_check, index) => checkSummary(plan, index + 1, steps, thread)),
    failures: events.filter((event) => event.kind === "verdict" && event.verdict === "failed")
      .length,
    corrections: events.filter(({ kind }) => kind === "correction").length,
    agreement: plan.samples === null ? null : agreementOf(plan, plan.samples, steps),
    escalations: tier === 0 ? 0 : events.filter(({ kind }) => kind === "escalation").length,
    usage_by_model: usageByModel(steps),
  };
}

function checkSummary(
  plan: QualityPlan,
  n: number,
  steps: readonly Step[],
  worker: ThreadMark,
): CheckSummary {
  const made = steps.flatMap((step) => {
    const event = eventsIn([step])[0];
    return event?.kind === "verdict" && event.check.n === n ? [{ step, event }] : [];
  });
  const last = made.findLast(({ step }) => {
    const { check: _, ...of } = threadOf(step);
    return isSameThread(of, worker);
  })?.event;
  const count = (verdict: string) => made.filter(({ event }) => event.verdict === verdict).length;
  return {
    name: checkName(plan, n),
    verdict: last?.verdict ?? null,
    failed: count("failed"),
    errors: count("error"),
    ...(last?.score === undefined ? {} : { score: last.score }),
  };
}

function agreementOf(
  plan: QualityPlan,
  { count, need, agreeOn }: SamplePlan,
  steps: readonly Step[],
): AgreementSummary {
  const journal = { steps, resumedFrom: 0 };
  const ran = new Set(steps.flatMap((step) => threadOf(step).sample ?? []));
  const ballots = [...ran].flatMap((sample) => {
    const attempt = foldAttempt(plan, journal, { sample });
    return attempt.kind === "passed" ? [{ sample, output: attempt.answer.output }] : [];
  });
  const classes = classesOf(ballots, agreeOn);
  return {
    ...{ samples: ran.size, count, need },
    agreed: classes[0]?.samples.length ?? 0,
    classes: classes.map(({ value, samples }) => ({
      value: shortValue(value),
      count: samples.length,
    })),
  };
}

/** A large value is shown by its start: the row is small, and the steps have the whole answers. */
function shortValue(value: unknown): unknown {
  const text = canonicalJson(value);
  const { classCharsMax } = qualityLimits;
  return text.length <= classCharsMax ? value : `${text.slice(0, classCharsMax).toWellFormed()}…`;
}

export function usageByModel(steps: readonly Step[]): Record<string, ModelUsage> {
  const sums = new Map<string, ModelUsage>();
  for (const { payload } of steps) {
    if (payload.kind !== "model") continue;
    const known = sums.get(payload.model) ?? noModelUsage;
    const calls = payload.times ?? 1;
    const sum = addUsage({ ...noUsage, ...known }, { ...payload.usage, model_calls: calls });
    const { model_calls, prompt_tokens, completion_tokens, cost_usd } = sum;
    sums.set(payload.model, { model_calls, prompt_tokens, completion_tokens, cost_usd });
  }
  return Object.fromEntries(sums);
}

const noModelUsage: ModelUsage = {
  model_calls: 0,
  prompt_tokens: 0,
  completion_tokens: 0,
  cost_usd: 0,
};
