/** The journal of a finished task, as `GET /v1/tasks/:id/journal` returns it, and the report of its replay. */
import type { Step } from "../task/step.ts";
import type { DurableTask } from "../task/task.ts";

export interface RecordedDecision {
  step: number;
  method: string;
  url: string;
  action: "allow" | "inject" | "deny";
  rule: number | null;
  reason: string;
}

export interface Recording {
  v: 1;
  task: { id: string; status: string; reason: string | null; model: string; output: unknown };
  spec: DurableTask;
  steps: Step[];
  /** The fence of the run that this one was resumed from; 0 if it was not resumed. */
  resumed_from: number;
  decisions: RecordedDecision[];
  /** The policy that the task was pinned to; null if its text is not stored. */
  policy: { name: string; text: string | null };
  /** The names of the tools that the fleet has configured; null if the consumer did not answer. */
  tools: string[] | null;
}

/** Checks a value from a file or a response. */
export function isRecording(value: unknown): value is Recording {
  if (typeof value !== "object" || value === null) return false;
  const { v, task, spec, steps, decisions } = value as Partial<Recording>;
  const hasObjects = typeof task === "object" && typeof spec === "object";
  return v === 1 && hasObjects && Array.isArray(steps) && Array.isArray(decisions);
}

/** A replay compared with its journal. */
export interface Difference {
  seq: number;
  name: string;
  what: "call" | "reply" | "tool" | "egress" | "cost" | "answer";
  was: string;
  now: string;
}

export interface ReplayReport {
  model_calls: number;
  tool_calls: number;
  decisions: number;
  /** Model calls that the journal has no text of, such as one that never reached its endpoint. */
  taken_as_journaled: number;
  differences: Difference[];
}
