/** A task as the API shows it, built from its row, field by field in the order of the contract. */
import type { Static } from "@sinclair/typebox";
import { readUsage, type Usage } from "../../shared/spend/usage.ts";
import type { StoredEgressRow } from "../../shared/store/egress/egress_log.ts";
import { ownModelOf, type TaskRow } from "../../shared/store/tasks/task_row.ts";
import { type QualitySummary, qualityView } from "../../shared/task/quality_summary.ts";
import type { DecisionResponse } from "../api/egress/responses.ts";
import type {
  AttemptError,
  RunResponse,
  TaskErrorResponse,
  TaskResponse,
} from "../api/tasks/responses.ts";

export type TaskError = TaskErrorResponse;
export type TaskView = TaskResponse;
type Run = Static<typeof RunResponse>;

/** The counts that a user pays for or that end a task; the others are internal to the consumer. */
const usageFields = [
  "steps",
  "model_calls",
  "tool_calls",
  "prompt_tokens",
  "cached_tokens",
  "completion_tokens",
  "unpriced_tokens",
  "cost_usd",
  "egress_requests",
  "egress_bytes",
] as const satisfies (keyof Usage)[];

export type UsageView = Record<(typeof usageFields)[number], number>;

export const isoTime = (ms: number): string => new Date(ms).toISOString();
export const isoOrNull = (ms: number | null): string | null => (ms === null ? null : isoTime(ms));

/** `usageJson` is the last journaled usage of a running task; without it the row's usage is shown. */
export function taskView(row: TaskRow, usageJson: string | null = null): TaskView {
  const history = JSON.parse(row.history) as unknown[];
  return {
    id: row.id,
    status: row.status,
    reason: row.reason,
    attempt: row.attempt,
    batch_id: row.batch_id,
    custom_id: row.custom_id,
    labels: JSON.parse(row.labels) as Record<string, string>,
    model: ownModelOf(row),
    policy: row.policy,
    sandbox: row.sandbox,
    created_at: isoTime(row.created_at),
    started_at: isoOrNull(row.started_at),
    finished_at: isoOrNull(row.finished_at),
    usage: usageView(readUsage(usageJson ?? row.usage)),
    output: row.output === null ? null : (JSON.parse(row.output) as unknown),
    error: errorView(row.error),
    quirks: JSON.parse(row.quirks) as string[],
    ...qualityOf(row),
    ...(history.length === 0 ? {} : { history: history.map((run) => runView(run) as Run) }),
  };
}

/** The fields of a task with checks, samples or escalations that has settled. */
export function qualityOf({ quality }: Pick<TaskRow, "quality">) {
  return quality === null ? {} : qualityView(JSON.parse(quality) as QualitySummary);
}

/** The model that gave a settled task's answer, or worked on it last. */
export function usedModelOf(row: Pick<TaskRow, "quality" | "model" | "own_model">): string {
  return row.quality === null ? ownModelOf(row) : (JSON.parse(row.quality) as QualitySummary).model;
}

export function usageView(usage: Usage): UsageView {
  return Object.fromEntries(usageFields.map((field) => [field, usage[field]])) as UsageView;
}

export function errorView(json: string | null): TaskError | null {
  if (json === null) return null;
  const { code, message, draft, uncertain } = JSON.parse(json) as TaskError;
  return {
    code,
    message,
    ...(draft === undefined ? {} : { draft }),
    ...(uncertain === undefined ? {} : { uncertain }),
  };
}

/** The attempts that failed, as a row's `errors` holds them, each with its time. */
export function attemptErrorsView(errors: unknown): AttemptError[] {
  return Array.isArray(errors) ? errors.map((error: unknown) => withIsoTime(error, "at")) : [];
}

/** An earlier run of a redriven task, and how it was redriven, in the API's format. */
function runView(run: unknown): unknown {
  if (typeof run !== "object" || run === null) return run;
  const errors = attemptErrorsView("errors" in run ? run.errors : []);
  const redriven = "redriven" in run ? { redriven: withIsoTime(run.redriven, "at") } : {};
  return { ...withIsoTime(run, "finished_at"), errors, ...redriven };
}

/** The object with its time in the API's format. */
function withIsoTime(value: unknown, field: string): object {
  if (typeof value !== "object" || value === null) return {};
  const ms: unknown = Reflect.get(value, field);
  return typeof ms === "number" ? { ...value, [field]: isoTime(ms) } : value;
}

/** A decision of the gateway, with the step that it belongs to. */
export function decisionView(row: StoredEgressRow): DecisionResponse {
  const { task_id: _, n: __, at, host: ___, seq, ...decision } = row;
  return { at: isoTime(at), ...decision, step: seq };
}
