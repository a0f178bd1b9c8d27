/**
 * The last resort: messages that the platform gave up on. A dead letter carries no reason, so the task's row
 * decides. A delivery that never ended is one failed attempt of its task; only the last one makes the task
 * dead. It claims the task first, so it changes nothing under a newer claim, and it is idempotent.
 */

import { leaseLimits, retryLimits } from "../../shared/limits.ts";
import { log } from "../../shared/platform/log.ts";
import { readTaskMessage } from "../../shared/platform/message.ts";
import { DatabaseFull, logFailure } from "../../shared/platform/retries.ts";
import { claimTask, readSentAt } from "../../shared/store/tasks/claims.ts";
import { failure } from "../../shared/task/failures.ts";
import { lastWorkingThread } from "../../shared/task/thread.ts";
import type { ConsumerConfig } from "../config/config.ts";
import { sendAllReports } from "../governor/client.ts";
import { openSlice } from "../slice/open_slice.ts";
import { outcomeOf } from "../slice/outcome.ts";
import { finishSlice } from "../slice/settle.ts";

/** Decides what happens to one dead letter. Never throws. */
export async function deadLetter(config: ConsumerConfig, message: Message<unknown>): Promise<void> {
  try {
    await countFailedDelivery(config, message.body, message.timestamp.getTime());
    message.ack();
  } catch (error) {
    logFailure("dead_letter", error);
    const leaseSeconds = Math.ceil(leaseLimits.leaseMs / 1000);
    const isFull = error instanceof DatabaseFull;
    message.retry({ delaySeconds: isFull ? retryLimits.fullRetrySeconds : leaseSeconds });
  }
}

async function countFailedDelivery(
  config: ConsumerConfig,
  body: unknown,
  sentAt: number,
): Promise<void> {
  const message = readTaskMessage(body);
  if (message === null) return log("message_invalid", { queue: "tasks-dlq" });
  const newest = await readSentAt(config.env.DB, message.task_id);
  // A newer message of this task is queued: this one is a stale copy.
  if (newest !== null && newest > sentAt + leaseLimits.clockSkewMs) {
    return log("task_skipped", { task_id: message.task_id });
  }
  const task = await claimTask(config.env.DB, message.task_id, config.policyHashes);
  if (task === null) return log("task_skipped", { task_id: message.task_id });
  log("dead_letter", { task_id: task.id, fence: task.fence });
  const { journal, threadOf } = await openSlice(config, task);
  const { workspace } = threadOf(lastWorkingThread(journal.steps));
  const cause = failure(
    "store_fault",
    "The queue delivered this task as often as it may and no delivery ended: D1, R2 or the queue itself failed each time.",
  );
  const outcome = outcomeOf({ kind: "failure", failure: cause }, task, Math.random());
  const { model } = task;
  const slice = { journal, workspace, outcome, nextModel: model, quality: null };
  await finishSlice(config, task, slice);
  await sendAllReports(config);
}
