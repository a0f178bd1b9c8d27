/** A wait is a delayed message, sent with `send`: each `retry` would use up one of the platform's retries. */
import { platformLimits } from "../../shared/limits.ts";
import type { TaskMessage } from "../../shared/platform/message.ts";
import { sendMessages } from "../../shared/platform/queues.ts";
import { defaultRetries, StoreFault } from "../../shared/platform/retries.ts";
import { markUnsent } from "../../shared/store/tasks/submissions.ts";
import type { ConsumerConfig } from "../config/config.ts";

/** Sends a message again after a delay. When the queue fails, the sweep sends it. */
export async function requeue(
  { env }: ConsumerConfig,
  message: TaskMessage,
  delayMs: number,
  priority: "normal" | "low" = "normal",
): Promise<void> {
  const delaySeconds = Math.min(platformLimits.queueDelaySecondsMax, Math.ceil(delayMs / 1000));
  const queue = priority === "low" ? env.TASKS_LOW : env.TASKS;
  try {
    await sendMessages(queue, [{ body: message, delaySeconds }], defaultRetries);
  } catch (error) {
    if (!(error instanceof StoreFault)) throw error;
    await markUnsent(env.DB, [message.task_id]);
  }
}
