/** Messages that name waiting tasks, so that slots open for them: after an outage has ended. */
import { breakerLimits } from "../../shared/limits.ts";
import { taskMessage } from "../../shared/platform/message.ts";
import { sendMessages } from "../../shared/platform/queues.ts";
import { briefRetries, logFailure } from "../../shared/platform/retries.ts";
import { findReadyTasks } from "../../shared/store/tasks/due_tasks.ts";
import type { ConsumerConfig } from "../config/config.ts";

/** Never rejects: the next sweep sends hints too. */
export async function sendHints({ env }: ConsumerConfig): Promise<void> {
  try {
    const ready = await findReadyTasks(env.DB, breakerLimits.recoveryHintsMax, 0);
    const messages = ready.map(({ id, model }) => ({
      body: taskMessage(id, model),
      delaySeconds: 0,
    }));
    if (messages.length > 0) await sendMessages(env.TASKS, messages, briefRetries);
  } catch (error) {
    logFailure("hints", error);
  }
}
