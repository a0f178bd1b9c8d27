/**
 * The model scorecard: small tasks with fixed checks. They run through the fleet's API, so that a card shows
 * how a model works with this loop and this endpoint. Nothing here does I/O.
 */
import { err, type Result } from "../../../../shared/result.ts";
import type { TaskResponse } from "../../../api/tasks/responses.ts";
import type { StepResponse } from "../../../api/traces/responses.ts";

/** The input of a check. `files` has the text of the files that the test lists. */
export interface Evidence {
  task: TaskResponse;
  steps: readonly StepResponse[];
  files: Readonly<Record<string, string | null>>;
}

export interface CardTest {
  name: string;
  /** What the test shows, for people. */
  shows: string;
  task: Record<string, unknown>;
  /** Files to read when the task is settled. */
  files?: readonly string[];
  /** The error says what the model did wrong. */
  check(evidence: Evidence): Result<null, string>;
}

export interface CardRow {
  test: string;
  passed: boolean;
  /** What was wrong; null if it passed. */
  why: string | null;
  task_id: string;
  status: string;
  quirks: string[];
  model_calls: number;
  prompt_tokens: number;
  completion_tokens: number;
  cost_usd: number;
  unpriced_tokens: number;
  seconds: number;
}

/** A task that did not succeed fails its test, with its own error. */
export function cardRow(test: CardTest, evidence: Evidence): CardRow {
  const { task } = evidence;
  const failure = task.error === null ? task.status : `${task.status}: ${task.error.message}`;
  const outcome = task.status === "succeeded" ? test.check(evidence) : err(failure);
  const { started_at: from, finished_at: to } = task;
  return {
    test: test.name,
    passed: outcome.ok,
    why: outcome.ok ? null : outcome.error,
    task_id: task.id,
    status: task.status,
    quirks: task.quirks,
    model_calls: task.usage.model_calls,
    prompt_tokens: task.usage.prompt_tokens,
    completion_tokens: task.usage.completion_tokens,
    cost_usd: task.usage.cost_usd,
    unpriced_tokens: task.usage.unpriced_tokens ?? 0,
    seconds: from === null || to === null ? 0 : (Date.parse(to) - Date.parse(from)) / 1000,
  };
}
