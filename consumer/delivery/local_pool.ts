/**
 * The slots of a local run. The local queue delivers one batch at a time, so a delivery that waited for its
 * tasks would hold back all others. Here a message is acknowledged at once and its slot works on behind the
 * delivery; a slot that takes a task opens the next one, up to FLEET_CONCURRENCY.
 */
import { concurrencyLimits } from "../../shared/limits.ts";
import { log } from "../../shared/platform/log.ts";
import { readTaskMessage } from "../../shared/platform/message.ts";
import { logFailure } from "../../shared/platform/retries.ts";
import type { ConsumerConfig } from "../config/config.ts";
import { retryDelaySeconds } from "./deliver.ts";
import { openInvocation } from "./invocation.ts";
import { type Delivery, type Priority, requeueOwnTask } from "./own_task.ts";
import { requeue } from "./requeue.ts";
import { type SlotEnd, workSlot } from "./slot.ts";

/** Slots in use, for both task queues together. One isolate runs the whole local consumer. */
let busy = 0;

const slotsMax = ({ env }: ConsumerConfig): number =>
  Number(env.FLEET_CONCURRENCY ?? "") || concurrencyLimits.localDefault;

/** Never throws. With no free slot the message is not needed: the busy slots take its task in turn. */
export function deliverLocally(
  config: ConsumerConfig,
  message: Message<unknown>,
  priority: Priority,
  waitUntil: (work: Promise<void>) => void,
): void {
  message.ack();
  const task = readTaskMessage(message.body);
  if (task === null) {
    log("message_invalid", { queue: "tasks" });
    return;
  }
  const delivery = { message: task, priority, sentAt: message.timestamp.getTime() };
  const atEnd = (end: SlotEnd) => requeueOwnTask(config, delivery, end);
  openSlot({ config, delivery, waitUntil }, atEnd);
}

interface Pool {
  config: ConsumerConfig;
  delivery: Delivery;
  waitUntil: (work: Promise<void>) => void;
}

/** Only the message's own slot requeues its task; a slot that it opened ends without a message. */
function openSlot(pool: Pool, atEnd: (end: SlotEnd) => Promise<void>): void {
  const { config, delivery, waitUntil } = pool;
  if (busy >= slotsMax(config)) return;
  busy += 1;
  const openNext = () => openSlot(pool, async () => undefined);
  const work = workSlot(openInvocation(config, 1), delivery.message, openNext)
    .then(atEnd)
    .catch(async (error) => {
      logFailure("deliver", error);
      await requeue(config, delivery.message, retryDelaySeconds() * 1_000, delivery.priority);
    })
    .catch((error) => logFailure("requeue", error))
    .finally(() => {
      busy -= 1;
    });
  waitUntil(work);
}
