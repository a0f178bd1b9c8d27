/** What the checks, samples and escalations of a settled task did: stored in its row, summed for its batch. */
import type { Verdict } from "./thread_mark.ts";

export interface CheckSummary {
  name: string;
  /** Its last verdict about the answer; null where it was not made. */
  verdict: Verdict | null;
  /** How many answers it did not pass. */
  failed: number;
  /** How many tries gave no verdict. */
  errors: number;
  /** A judge's last score. */
  score?: number;
}

export interface AgreementSummary {
  /** Samples that ran, of `count`. */
  samples: number;
  count: number;
  need: number;
  /** The size of the largest class. */
  agreed: number;
  /** What was compared, and how many samples gave it; the largest first. */
  classes: { value: unknown; count: number }[];
}

export interface ModelUsage {
  model_calls: number;
  prompt_tokens: number;
  completion_tokens: number;
  cost_usd: number;
}

export interface QualitySummary {
  /** The model that gave the answer, or that worked last. */
  model: string;
  checks: CheckSummary[];
  /** How many answers a check did not pass. */
  failures: number;
  corrections: number;
  agreement: AgreementSummary | null;
  /** How many models the task escalated to. */
  escalations: number;
  usage_by_model: Record<string, ModelUsage>;
}

/** As a result, a line of results and a task show it. */
export function qualityView({
  checks,
  corrections,
  agreement,
  escalations,
  usage_by_model,
}: QualitySummary): Omit<QualitySummary, "model" | "failures"> {
  return { checks, corrections, agreement, escalations, usage_by_model };
}
