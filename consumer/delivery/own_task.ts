/** What happens to the message's own task when its slot ends: a task that waits keeps one message. */
import { leaseLimits } from "../../shared/limits.ts";
import { log } from "../../shared/platform/log.ts";
import type { TaskMessage } from "../../shared/platform/message.ts";
import { parkTask } from "../../shared/store/flow/parking.ts";
import { readWaitMs } from "../../shared/store/tasks/claims.ts";
import type { ConsumerConfig } from "../config/config.ts";
import { requeue } from "./requeue.ts";
import { type SlotEnd, workOwn } from "./slot.ts";

/** Which of the two task queues a message came from; it is requeued to the same one. */
export type Priority = "normal" | "low";

/** Another slot may take the task at the same moment: this delay keeps its message from circling. */
const requeueMsMin = 1_000;

/** A message as it was delivered. */
export interface Delivery {
  message: TaskMessage;
  priority: Priority;
  /** When it was sent, in ms since 1970 UTC. */
  sentAt: number;
}

/**
 * A task that is settled, that a slot runs or has released, or that has a newer message, needs no message. One that is
 * paused, or whose key has no free slot, is parked until it is woken. Any other comes back when it is due,
 * and not before `waitMs`.
 */
export async function requeueOwnTask(
  config: ConsumerConfig,
  { message, priority, sentAt }: Delivery,
  { waitMs, ranOwn }: SlotEnd,
): Promise<void> {
  if (ranOwn) return;
  const ownWaitMs = await readWaitMs(config.env.DB, message.task_id);
  if (ownWaitMs === null || (ownWaitMs.sentAt ?? 0) > sentAt + leaseLimits.clockSkewMs) return;
  if (ownWaitMs.heldBack) {
    const parkReason = await parkTask(config.env.DB, message.task_id);
    if (parkReason !== null)
      return log("task_parked", { task_id: message.task_id, why: parkReason });
  }
  const delayMs = Math.max(ownWaitMs.ms, waitMs);
  // It is due, but hidden behind more blocked flows than one choice looks at.
  if (delayMs === 0 && (await workOwn(config, message))) return;
  log("task_requeued", { task_id: message.task_id, why: "not_due", delay_ms: delayMs });
  await requeue(config, message, Math.max(delayMs, requeueMsMin), priority);
}
