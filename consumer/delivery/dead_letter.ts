/**
 * The crash net: messages that the platform gave up on. The message carries no reason, so the task
 * itself is asked. A delivery that never ended is one failed attempt of its task; only the last makes it
 * dead. It claims first, so it touches nothing that somebody newer owns, and it is idempotent.
 */
import { failure } from "../../shared/failures.ts";
import { leaseLimits } from "../../shared/limits.ts";
import { log, logBug } from "../../shared/log.ts";
import { readTaskMessage } from "../../shared/message.ts";
import { StoreFault } from "../../shared/retrying.ts";
import { claim, lastSent } from "../../shared/store/claims.ts";
import type { ConsumerConfig } from "../config/config.ts";
import { openSlice } from "../slice/open_slice.ts";
import { outcomeOf } from "../slice/outcome.ts";
import { finishSlice } from "../slice/settle.ts";

export async function deadLetter(
  fleet: ConsumerConfig | null,
  message: Message<unknown>,
): Promise<void> {
  try {
    if (fleet === null) throw new StoreFault("the fleet could not be read from its environment");
    await bury(fleet, message.body, message.timestamp.getTime());
    message.ack();
  } catch (error) {
    if (!(error instanceof StoreFault)) logBug("dead_letter", error);
    message.retry({ delaySeconds: Math.ceil(leaseLimits.leaseMs / 1000) });
  }
}

async function bury(fleet: ConsumerConfig, body: unknown, sentAt: number): Promise<void> {
  const told = readTaskMessage(body);
  if (told === null) return log("message_unreadable", { queue: "tasks-dlq" });
  const newest = await lastSent(fleet.env.DB, told.task_id);
  // A newer message of this task is on its way: the one that gave up here is a stale copy.
  if (newest !== null && newest > sentAt + leaseLimits.clockSkewMs) {
    return log("task_passed_over", { task_id: told.task_id });
  }
  const task = await claim(fleet.env.DB, told.task_id, fleet.policyHashes);
  if (task === null) return log("task_passed_over", { task_id: told.task_id });
  log("dead_letter", { task_id: task.id, fence: task.fence });
  const { scribe, workspace } = await openSlice(fleet, task);
  const gaveUp = failure(
    "store_fault",
    "The queue delivered this task as often as it may and no delivery ended: D1, R2 or the queue itself failed each time.",
  );
  const ending = outcomeOf({ kind: "broke", failure: gaveUp }, task, Math.random());
  await finishSlice(fleet, task, { scribe, workspace, ending, models: [task.model] });
}
