/** What happens to the message's own task when its slot ends: a task that waits keeps one message. */
import { leaseLimits } from "../../shared/limits.ts";
import { log } from "../../shared/platform/log.ts";
import type { TaskMessage } from "../../shared/platform/message.ts";
import { parkTask } from "../../shared/store/flow/parking.ts";
import { readWaitMs } from "../../shared/store/tasks/claims.ts";
import type { ConsumerConfig } from "../config/config.ts";
import { leaveWaitlist } from "../governor/client.ts";
import { requeue } from "./requeue.ts";
import { type SlotEnd, workOwn } from "./slot.ts";

/** Which of the two task queues a message came from; it is requeued to the same one. */
export type Priority = "normal" | "low";

/** A task that another slot takes at the same moment must not make its message circle. */
const requeueMsMin = 1_000;

/** A message as it was delivered. */
export interface Delivery {
  message: TaskMessage;
  priority: Priority;
  /** When it was sent, in ms since 1970 UTC. */
  sentAt: number;
}

/**
 * A task that is settled, that a slot runs or has released, or that has a newer message, needs no message; nor
 * does one for whose model enough others wait, because the sweep sends hints for tasks that wait. One that is
 * paused, or whose key has no free slot, is parked until it is woken. Any other comes back when it is due,
 * and not before `waitMs`.
 */
export async function requeueOwnTask(
  config: ConsumerConfig,
  { message, priority, sentAt }: Delivery,
  { waitMs, message: next }: SlotEnd,
): Promise<void> {
  if (next === "none") return;
  if (next === "again") return requeue(config, message, Math.max(waitMs, requeueMsMin), priority);
  const own = await readWaitMs(config.env.DB, message.task_id);
  if (own === null || (own.sentAt ?? 0) > sentAt + leaseLimits.clockSkewMs)
    return leaveWaitlist(config, message.model, message.task_id);
  if (own.heldBack) {
    const parked = await parkTask(config.env.DB, message.task_id);
    if (parked !== null) return log("task_parked", { task_id: message.task_id, why: parked });
  }
  const delayMs = Math.max(own.ms, waitMs);
  // It is due, but hidden behind more blocked flows than one choice looks at.
  if (delayMs === 0 && (await workOwn(config, message))) return;
  log("task_requeued", { task_id: message.task_id, why: "not_due", delay_ms: delayMs });
  await requeue(config, message, Math.max(delayMs, requeueMsMin), priority);
}
