/**
 * The queues: the one place that sends, and that asks how long they are. A send may have arrived although
 * its answer was lost; a message that comes twice is refused by the claim, so sending is repeatable.
 */
import { platformLimits } from "./limits.ts";
import type { TaskMessage } from "./message.ts";
import { brief, type Patience, retrying } from "./retrying.ts";

export interface Sent {
  body: TaskMessage;
  /** At most a day: the platform takes no longer delay. */
  delaySeconds: number;
}

/** Sends up to as many messages as one call takes. Rejects when the queue took none, as far as it said. */
export async function sendMessages(
  queue: Queue,
  group: readonly Sent[],
  patience: Patience,
): Promise<void> {
  const [only] = group;
  if (group.length > platformLimits.queueSendBatchMessagesMax)
    throw new Error("more messages than one call takes");
  await retrying(
    "send",
    () =>
      group.length === 1 && only !== undefined
        ? queue.send(only.body, { contentType: "json", delaySeconds: only.delaySeconds })
        : queue.sendBatch(group),
    patience,
  );
}

/** The messages that wait on all of them. */
export async function backlogOf(queues: readonly Queue[]): Promise<number> {
  const metrics = await Promise.all(
    queues.map((queue) => retrying("queue metrics", () => queue.metrics(), brief)),
  );
  return metrics.reduce((sum, { backlogCount }) => sum + backlogCount, 0);
}
