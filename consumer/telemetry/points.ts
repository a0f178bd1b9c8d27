/**
 * One point of Workers Analytics Engine for each task that ends, if a dataset is bound as METRICS. The order here
 * is the position of each column. It must never change, because stored points are read by position.
 * docs/observability.md has the same order, and a test compares the two.
 */
import { logBug } from "../../shared/platform/log.ts";
import type { Usage } from "../../shared/spend/usage.ts";
import type { TaskRow } from "../../shared/store/tasks/task_row.ts";
import type { SettledOutcome } from "../slice/outcome.ts";

/** The columns blob1, blob2 and so on. */
export const blobColumns = {
  status: (_task: TaskRow, outcome: SettledOutcome) => outcome.status,
  reason: (_task: TaskRow, outcome: SettledOutcome) => outcome.reason,
  error: (_task: TaskRow, outcome: SettledOutcome) => outcome.error?.code ?? "",
  model: (task: TaskRow) => task.model,
  policy: (task: TaskRow) => task.policy,
  sandbox: (task: TaskRow) => task.sandbox,
  batch_id: (task: TaskRow) => task.batch_id ?? "",
} as const;

/** The columns double1, double2 and so on; times are in seconds. */
export const doubleColumns = {
  wait_seconds: (task: TaskRow) => ((task.started_at ?? task.created_at) - task.created_at) / 1000,
  total_seconds: (task: TaskRow, _used: Usage, now: number) => (now - task.created_at) / 1000,
  work_seconds: (_task: TaskRow, used: Usage) => used.seconds,
  failed_attempts: (task: TaskRow) => task.attempt,
  steps: (_task: TaskRow, used: Usage) => used.steps,
  model_calls: (_task: TaskRow, used: Usage) => used.model_calls,
  tool_calls: (_task: TaskRow, used: Usage) => used.tool_calls,
  prompt_tokens: (_task: TaskRow, used: Usage) => used.prompt_tokens,
  cached_tokens: (_task: TaskRow, used: Usage) => used.cached_tokens,
  completion_tokens: (_task: TaskRow, used: Usage) => used.completion_tokens,
  cost_usd: (_task: TaskRow, used: Usage) => used.cost_usd,
  egress_requests: (_task: TaskRow, used: Usage) => used.egress_requests,
  egress_bytes: (_task: TaskRow, used: Usage) => used.egress_bytes,
} as const;

/** The index is the tenant, so the engine samples each tenant's points separately. */
export function pointOf(
  task: TaskRow,
  outcome: SettledOutcome,
  used: Usage,
  now: number,
): { indexes: [string]; blobs: string[]; doubles: number[] } {
  return {
    indexes: [task.tenant],
    blobs: Object.values(blobColumns).map((column) => column(task, outcome)),
    doubles: Object.values(doubleColumns).map((column) => column(task, used, now)),
  };
}

/** A failed write does not affect the task, whose row has the same data. */
export function writePoint(
  dataset: AnalyticsEngineDataset | undefined,
  point: () => ReturnType<typeof pointOf>,
): void {
  try {
    dataset?.writeDataPoint(point());
  } catch (error) {
    logBug("metrics", error);
  }
}
