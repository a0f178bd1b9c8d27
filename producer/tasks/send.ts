/** Sends tasks to their queues. A send may fail: then the sweep sends the task later, because its row exists. */
import { platformLimits } from "../../shared/limits.ts";
import { log } from "../../shared/platform/log.ts";
import { taskMessage } from "../../shared/platform/message.ts";
import { type OutgoingMessage, sendMessages } from "../../shared/platform/queues.ts";
import { briefRetries } from "../../shared/platform/retries.ts";
import { markUnsent } from "../../shared/store/tasks/submissions.ts";
import type { ProducerEnv } from "../env.ts";

/** The parts of a message. `not_before` is in milliseconds since 1970 UTC. */
export interface TaskToSend {
  id: string;
  model: string;
  priority: "normal" | "low";
  not_before: number | null;
}

/**
 * Sends each task's message, delayed until it is due. Tasks that could not be sent, or that are due later
 * than a message can be delayed, are marked for the sweep. Returns the ids that were sent. Never throws:
 * if the mark fails, the sweep finds the task like a lost message.
 */
export async function sendTasks(
  env: ProducerEnv,
  tasks: readonly TaskToSend[],
): Promise<Set<string>> {
  const now = Date.now();
  const unsent: string[] = [];
  for (const priority of ["normal", "low"] as const) {
    const queue = priority === "normal" ? env.TASKS : env.TASKS_LOW;
    const messages: OutgoingMessage[] = [];
    for (const task of tasks) {
      if (task.priority !== priority) continue;
      const delaySeconds = Math.max(0, Math.ceil(((task.not_before ?? 0) - now) / 1000));
      if (delaySeconds > platformLimits.queueDelaySecondsMax) unsent.push(task.id);
      else messages.push({ body: taskMessage(task.id, task.model), delaySeconds });
    }
    unsent.push(...(await sendAll(queue, messages)));
  }
  if (unsent.length > 0) await leaveToSweep(env.DB, unsent);
  const sentIds = new Set(tasks.map(({ id }) => id));
  for (const id of unsent) sentIds.delete(id);
  return sentIds;
}

/** Sends in groups of the queue's maximum size; returns the ids of the groups that failed. */
async function sendAll(queue: Queue, messages: readonly OutgoingMessage[]): Promise<string[]> {
  const failedIds: string[] = [];
  const size = platformLimits.queueSendBatchMessagesMax;
  for (let from = 0; from < messages.length; from += size) {
    const group = messages.slice(from, from + size);
    try {
      await sendMessages(queue, group, briefRetries);
    } catch (error) {
      log("send_failed", { tasks: group.length, message: String(error) });
      failedIds.push(...group.map((message) => message.body.task_id));
    }
  }
  return failedIds;
}

async function leaveToSweep(db: D1Database, ids: readonly string[]): Promise<void> {
  try {
    await markUnsent(db, ids);
  } catch (error) {
    log("send_failed", { tasks: ids.length, message: String(error) });
  }
}
