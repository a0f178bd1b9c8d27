/** The slots of a concurrency key: who leaves one wakes the task that has waited longest for it. */
import { taskMessage } from "../../shared/message.ts";
import { wakeNext } from "../../shared/store/pauses.ts";
import type { TaskRow } from "../../shared/store/task_row.ts";
import type { ConsumerConfig } from "../config/config.ts";
import type { SliceOutcome } from "../slice/outcome.ts";
import { requeue } from "./requeue.ts";

/** A yield keeps its slot: its continuation is on its way. A lost fence has none to leave. */
export async function releaseConcurrencySlot(
  fleet: ConsumerConfig,
  task: TaskRow,
  ending: SliceOutcome,
): Promise<void> {
  if (task.concurrency_key === null || ending.kind === "lost") return;
  if (ending.kind === "released" && ending.why === "yielded") return;
  const woken = await wakeNext(fleet.env.DB, task.tenant, task.concurrency_key);
  if (woken === null) return;
  await requeue(fleet, taskMessage(woken.id, woken.model), 0, woken.priority);
}
