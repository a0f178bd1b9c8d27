/** What a webhook says: the event, when it happened, and its subject as it was then. */
import type { BatchRow } from "../../shared/store/batches.ts";
import type { Tally } from "../../shared/store/tallies.ts";
import type { TaskRow } from "../../shared/store/task_row.ts";
import type { WebhookRow } from "../../shared/store/webhooks.ts";
import { readUsage } from "../../shared/usage.ts";

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

const envelope = (hook: WebhookRow, data: Record<string, unknown>): string =>
  JSON.stringify({ type: hook.event, timestamp: iso(hook.created_at), data });

/** How a run ended, as the history of its task keeps it. */
export type EarlierRun = Partial<Pick<TaskRow, "status" | "reason" | "finished_at">> & {
  fence: number;
  usage: unknown;
  error: unknown;
};

/** The run that the row is of, where a redrive has begun another one meanwhile. */
export function earlierRun(hook: WebhookRow, task: TaskRow): EarlierRun | undefined {
  const fence = Number(/-(\d+)(?:-mail)?$/.exec(hook.id)?.[1]);
  return (JSON.parse(task.history) as EarlierRun[]).find((run) => run.fence === fence);
}

export function taskPayload(hook: WebhookRow, task: TaskRow): string {
  const earlier = earlierRun(hook, task);
  const data = {
    id: task.id,
    batch_id: task.batch_id,
    custom_id: task.custom_id,
    labels: JSON.parse(task.labels) as unknown,
  };
  if (earlier !== undefined) {
    const { status, reason, usage, error, finished_at: at } = earlier;
    return envelope(hook, { ...data, status, reason, finished_at: iso(at ?? null), usage, error });
  }
  return envelope(hook, {
    ...data,
    status: task.status,
    reason: task.reason,
    finished_at: iso(task.finished_at),
    usage: readUsage(task.usage),
    output: task.output === null ? null : (JSON.parse(task.output) as unknown),
    error: task.error === null ? null : (JSON.parse(task.error) as unknown),
  });
}

export function batchPayload(hook: WebhookRow, batch: BatchRow, tally: Tally): string {
  return envelope(hook, {
    id: batch.id,
    status: "finished",
    counts: tally.counts,
    usage: tally.usage,
    labels: JSON.parse(batch.labels) as unknown,
    created_at: iso(batch.created_at),
    finished_at: iso(hook.created_at),
    error: batch.problem === null ? null : (JSON.parse(batch.problem) as unknown),
  });
}
