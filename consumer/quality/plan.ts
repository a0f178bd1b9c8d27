/** What a task asks of its answers, with its defaults. Pure. */
import { budgetDefaults } from "../../shared/limits.ts";
import type { Usage } from "../../shared/spend/usage.ts";
import type { Check, Escalation } from "../../shared/task/quality.ts";
import type { DurableTask } from "../../shared/task/task.ts";
import { type AnswerForm, answerForm } from "../loop/answer/answer_form.ts";

export interface SamplePlan {
  count: number;
  need: number;
  /** JSON pointers; empty where whole answers are compared. */
  agreeOn: readonly string[];
}

export interface QualityPlan {
  form: AnswerForm;
  checks: readonly Check[];
  /** Null where the task runs once. */
  samples: SamplePlan | null;
  escalations: readonly Escalation[];
  /** How often a failed check goes back to the model, in each thread. */
  corrections: number;
}

export function qualityPlan(spec: DurableTask): QualityPlan {
  const { checks = [], samples, escalate = [], limits = {} } = spec;
  return {
    form: answerForm(spec),
    checks,
    samples:
      samples === undefined
        ? null
        : {
            count: samples.count,
            need: samples.need ?? Math.floor(samples.count / 2) + 1,
            agreeOn: samples.agree_on ?? [],
          },
    escalations: escalate,
    corrections: limits.corrections ?? budgetDefaults.corrections,
  };
}

export const hasQuality = ({ checks, samples, escalations }: QualityPlan): boolean =>
  checks.length > 0 || samples !== null || escalations.length > 0;

/** The check `n`, from 1, as steps, errors and counts call it. */
export function checkName({ checks }: Pick<QualityPlan, "checks">, n: number): string {
  return checks[n - 1]?.name ?? `check ${n}`;
}

/** What the checks of one answer need. */
export const reserveFor = ({ checks }: QualityPlan): Pick<Usage, "steps" | "model_calls"> => ({
  steps: checks.length,
  model_calls: checks.filter((check) => "judge" in check).length,
});
