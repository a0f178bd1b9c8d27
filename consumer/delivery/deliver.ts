/** One message, decided once, at its end: `ack`, or `retry` when a store stayed broken. */

import { leaseLimits, retryLimits } from "../../shared/limits.ts";
import { withJitter } from "../../shared/platform/jitter.ts";
import { log } from "../../shared/platform/log.ts";
import { readTaskMessage } from "../../shared/platform/message.ts";
import { DatabaseFull, logFailure } from "../../shared/platform/retries.ts";
import type { Invocation } from "./invocation.ts";
import { type Priority, requeueOwnTask } from "./own_task.ts";
import { workSlot } from "./slot.ts";

/** Never throws. */
export async function deliver(
  invocation: Invocation,
  message: Message<unknown>,
  priority: Priority,
): Promise<void> {
  const task = readTaskMessage(message.body);
  if (task === null) {
    log("message_invalid", { queue: "tasks" });
    return message.ack();
  }
  try {
    const end = await workSlot(invocation, task);
    const delivery = { message: task, priority, sentAt: message.timestamp.getTime() };
    await requeueOwnTask(invocation.config, delivery, end);
    message.ack();
  } catch (error) {
    logFailure("deliver", error);
    // A lease that this try may hold must run out before the next one can claim the task.
    const delaySeconds =
      error instanceof DatabaseFull ? retryLimits.fullRetrySeconds : retryDelaySeconds();
    message.retry({ delaySeconds });
  }
}

export const retryDelaySeconds = (): number =>
  Math.ceil(withJitter(leaseLimits.leaseMs, Math.random(), retryLimits.storeDeadlineMs) / 1000);
