/** All that a replay needs of a finished task, as `GET /v1/tasks/:id/journal` answers it. */
import type { Step } from "../../shared/step.ts";
import type { DurableTask } from "../../shared/task.ts";

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
  /** The fence of the run that this one was resumed from; 0 where it was not. */
  resumed_from: number;
  decisions: RecordedDecision[];
  /** The policy that the task was pinned to; null where its text is not kept. */
  policy: { name: string; text: string | null };
  /** The names of the tools that the fleet has configured; null where it could not be asked. */
  tools: string[] | null;
}

/** Whether a value that was read from somewhere is one. */
export function isRecording(value: unknown): value is Recording {
  if (typeof value !== "object" || value === null) return false;
  const { v, task, spec, steps, decisions } = value as Partial<Recording>;
  const whole = typeof task === "object" && typeof spec === "object";
  return v === 1 && whole && Array.isArray(steps) && Array.isArray(decisions);
}
