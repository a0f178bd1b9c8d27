/**
 * The only place that sends messages and reads backlogs. A send may have arrived although its reply was lost; the
 * claim rejects a second copy, so sending can be repeated.
 */
import { platformLimits } from "../limits.ts";
import type { TaskMessage } from "./message.ts";
import { briefRetries, type RetryOptions, withRetries } from "./retries.ts";

export interface OutgoingMessage {
  body: TaskMessage;
  /** At most a day, the platform's maximum. */
  delaySeconds: number;
}

/** Sends at most as many messages as one call takes. Rejects when the queue reported a failure. */
export async function sendMessages(
  queue: Queue,
  messages: readonly OutgoingMessage[],
  options: RetryOptions,
): Promise<void> {
  const [only] = messages;
  if (messages.length > platformLimits.queueSendBatchMessagesMax)
    throw new Error("more messages than one call takes");
  await withRetries(
    "send",
    () =>
      messages.length === 1 && only !== undefined
        ? queue.send(only.body, { contentType: "json", delaySeconds: only.delaySeconds })
        : queue.sendBatch(messages),
    options,
  );
}

/** The number of messages waiting in all of them. */
export async function readBacklog(queues: readonly Queue[]): Promise<number> {
  const metrics = await Promise.all(
    queues.map((queue) => withRetries("queue metrics", () => queue.metrics(), briefRetries)),
  );
  return metrics.reduce((sum, { backlogCount }) => sum + backlogCount, 0);
}
