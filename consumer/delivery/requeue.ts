/** How a wait becomes a delayed message: of `send`, because `retry` burns the platform's retries. */
import { platformLimits } from "../../shared/limits.ts";
import type { TaskMessage } from "../../shared/message.ts";
import { sendMessages } from "../../shared/queues.ts";
import { StoreFault, steady } from "../../shared/retrying.ts";
import { markUnsent } from "../../shared/store/submissions.ts";
import type { ConsumerConfig } from "../config/config.ts";

/** Sends a message again after a delay. When the queue refuses it, the sweep sends it. */
export async function requeue(
  fleet: ConsumerConfig,
  message: TaskMessage,
  delayMs: number,
  priority: "normal" | "low" = "normal",
): Promise<void> {
  const { env } = fleet;
  const delaySeconds = Math.min(platformLimits.queueDelaySecondsMax, Math.ceil(delayMs / 1000));
  const queue = priority === "low" ? env.TASKS_LOW : env.TASKS;
  try {
    await sendMessages(queue, [{ body: message, delaySeconds }], steady);
  } catch (error) {
    if (!(error instanceof StoreFault)) throw error;
    await markUnsent(env.DB, [message.task_id]);
  }
}
