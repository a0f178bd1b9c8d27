/**
 * The crash net: messages that the platform gave up on. The message carries no reason, so the task
 * itself is asked. Idempotent, and it never settles a task that somebody newer owns: it claims first.
 */
import { leaseLimits } from "../shared/limits.ts";
import { log, logBug } from "../shared/log.ts";
import { readTaskMessage } from "../shared/message.ts";
import { StoreFault } from "../shared/retrying.ts";
import { claim } from "../shared/store/claims.ts";
import { conclude } from "./conclude.ts";
import { settled } from "./ending.ts";
import type { Fleet } from "./fleet.ts";
import { openSlice } from "./slice.ts";

export async function deadLetter(fleet: Fleet | null, message: Message<unknown>): Promise<void> {
  try {
    if (fleet === null) throw new StoreFault("the fleet could not be read from its environment");
    await bury(fleet, message.body);
    message.ack();
  } catch (error) {
    if (!(error instanceof StoreFault)) logBug("dead_letter", error);
    message.retry({ delaySeconds: Math.ceil(leaseLimits.leaseMs / 1000) });
  }
}

async function bury(fleet: Fleet, body: unknown): Promise<void> {
  const told = readTaskMessage(body);
  if (told === null) return log("message_unreadable", { queue: "tasks-dlq" });
  const task = await claim(fleet.env.DB, told.task_id, fleet.policyHashes);
  if (task === null) return log("task_passed_over", { task_id: told.task_id });
  log("dead_letter", { task_id: task.id, fence: task.fence });
  const { scribe, workspace } = await openSlice(fleet, task);
  await conclude(fleet, task, {
    scribe,
    workspace,
    ending: settled("dead", "attempts_exhausted", {
      code: "delivery_exhausted",
      message:
        "The queue delivered this task as often as it may and no delivery ended. The stores may have been down: look at /v1/stats and the logs, then redrive it.",
      class: "dead",
    }),
  });
}
