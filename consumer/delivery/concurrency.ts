/** The slots of a concurrency key: a task that leaves one wakes the task that has waited longest for it. */
import { taskMessage } from "../../shared/platform/message.ts";
import { wakeNextTask } from "../../shared/store/flow/concurrency.ts";
import type { TaskRow } from "../../shared/store/tasks/task_row.ts";
import type { ConsumerConfig } from "../config/config.ts";
import type { SliceOutcome } from "../slice/outcome.ts";
import { requeue } from "./requeue.ts";

/** A task that yields keeps its slot, because its continuation is queued. One with a lost fence has none. */
export async function releaseConcurrencySlot(
  config: ConsumerConfig,
  task: TaskRow,
  outcome: SliceOutcome,
): Promise<void> {
  if (task.concurrency_key === null || outcome.kind === "lost") return;
  if (outcome.kind === "released" && outcome.why === "yielded") return;
  const woken = await wakeNextTask(config.env.DB, task.tenant, task.concurrency_key);
  if (woken === null) return;
  await requeue(config, taskMessage(woken.id, woken.model), 0, woken.priority);
}
