/** The body of a webhook: the event, its time, and its subject at that time. */

import { readUsage } from "../../shared/spend/usage.ts";
import type { ApprovalRow } from "../../shared/store/approvals.ts";
import type { BatchRow } from "../../shared/store/batches/batch_row.ts";
import type { Tally } from "../../shared/store/batches/tallies.ts";
import type { TaskRow } from "../../shared/store/tasks/task_row.ts";
import type { WebhookRow } from "../../shared/store/webhooks.ts";

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

const envelope = (row: WebhookRow, data: Record<string, unknown>): string =>
  JSON.stringify({ type: row.event, timestamp: iso(row.created_at), data });

/** The end of a run, as the task's history has it. */
export type EarlierRun = Partial<Pick<TaskRow, "status" | "reason" | "finished_at">> & {
  fence: number;
  usage: unknown;
  error: unknown;
};

/** The run that the row reports, if a redrive has started another one since. */
export function findEarlierRun(row: WebhookRow, task: TaskRow): EarlierRun | undefined {
  const fence = Number(/-(\d+)(?:-mail)?$/.exec(row.id)?.[1]);
  return (JSON.parse(task.history) as EarlierRun[]).find((run) => run.fence === fence);
}

export function taskPayload(row: WebhookRow, task: TaskRow): string {
  const earlier = findEarlierRun(row, task);
  const data = {
    id: task.id,
    batch_id: task.batch_id,
    custom_id: task.custom_id,
    labels: JSON.parse(task.labels) as unknown,
  };
  if (earlier !== undefined) {
    const { status, reason, usage, error, finished_at: at } = earlier;
    return envelope(row, { ...data, status, reason, finished_at: iso(at ?? null), usage, error });
  }
  return envelope(row, {
    ...data,
    status: task.status,
    reason: task.reason,
    finished_at: iso(task.finished_at),
    usage: readUsage(task.usage),
    output: task.output === null ? null : (JSON.parse(task.output) as unknown),
    error: task.error === null ? null : (JSON.parse(task.error) as unknown),
  });
}

/** What the agent wants to do, and what it did before. */
export function approvalPayload(row: WebhookRow, approval: ApprovalRow): string {
  return envelope(row, {
    id: approval.id,
    task_id: approval.task_id,
    batch_id: approval.batch_id,
    tool: approval.tool,
    arguments: JSON.parse(approval.arguments) as unknown,
    last_steps: JSON.parse(approval.steps) as unknown,
    status: approval.status,
    on_timeout: approval.on_timeout,
    deadline_at: iso(approval.deadline_at),
  });
}

export function batchPayload(row: WebhookRow, batch: BatchRow, tally: Tally): string {
  return envelope(row, {
    id: batch.id,
    status: "finished",
    counts: tally.counts,
    usage: tally.usage,
    labels: JSON.parse(batch.labels) as unknown,
    created_at: iso(batch.created_at),
    finished_at: iso(row.created_at),
    error: batch.problem === null ? null : (JSON.parse(batch.problem) as unknown),
  });
}
