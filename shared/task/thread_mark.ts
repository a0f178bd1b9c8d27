/** How a step says to which thread of its task it belongs, and what it decides about an answer. */
import type { EscalationCause } from "./quality.ts";

/** A try of a check: `n` counts from 1; `answer` is the step that holds the answer. */
export interface CheckMark {
  n: number;
  answer: number;
  tries: number;
}

/** Which thread a step belongs to, as its payload holds it. */
export interface ThreadMark {
  /** Which escalation works, from 1; absent for the task's own model. */
  tier?: number;
  /** From 1; absent without samples. */
  sample?: number;
  check?: CheckMark;
}

export type Verdict = "passed" | "failed" | "error";

/** What a step decides about answers; the model reads only corrections. */
export type QualityEvent =
  | { kind: "verdict"; check: CheckMark; verdict: Verdict; score?: number; reasons?: string }
  | { kind: "correction"; check: number }
  | { kind: "sample_end"; cause: EscalationCause }
  | { kind: "escalation"; cause: EscalationCause; model: string };
