/** One message: admit, claim, run a slice, conclude. Decided once, at the end: `ack` or `retry`. */
import { leaseLimits, retryLimits } from "../shared/limits.ts";
import { log, logBug } from "../shared/log.ts";
import { readTaskMessage, type TaskMessage } from "../shared/message.ts";
import { StoreFault } from "../shared/retrying.ts";
import { claim, dueIn } from "../shared/store/claims.ts";
import { conclude } from "./conclude.ts";
import type { Fleet } from "./fleet.ts";
import { admit, sendLater } from "./governor/permit.ts";
import { runSlice } from "./slice.ts";

export async function deliver(fleet: Fleet | null, message: Message<unknown>): Promise<void> {
  try {
    if (fleet === null) throw new StoreFault("the fleet could not be read from its environment");
    await handle(fleet, message.body);
    message.ack();
  } catch (error) {
    // The lease that this try may hold must run out before the next one can claim the task.
    if (!(error instanceof StoreFault)) logBug("deliver", error);
    message.retry({ delaySeconds: Math.ceil(leaseLimits.leaseMs / 1000) + jitterSeconds() });
  }
}

async function handle(fleet: Fleet, body: unknown): Promise<void> {
  const told = readTaskMessage(body);
  if (told === null) return log("message_unreadable", { queue: "tasks" });

  const admission = await admit(fleet, told);
  if (!admission.ok) {
    log("task_given_back", {
      task_id: told.task_id,
      why: "not_admitted",
      delay_ms: admission.waitMs,
    });
    return sendLater(fleet, told, admission.waitMs);
  }

  const task = await claim(fleet.env.DB, told.task_id, fleet.policyHashes);
  if (task === null) return passOver(fleet, told);

  const slice = await runSlice(fleet, task);
  await conclude(fleet, task, slice);
}

/** Settled, owned, or not ours: nothing to do. A message that came early is sent again for its time. */
async function passOver(fleet: Fleet, told: TaskMessage): Promise<void> {
  const waitMs = await dueIn(fleet.env.DB, told.task_id);
  log("task_passed_over", { task_id: told.task_id, wait_ms: waitMs });
  if (waitMs !== null) await sendLater(fleet, told, waitMs);
}

const jitterSeconds = (): number => Math.ceil((Math.random() * retryLimits.storeDeadlineMs) / 1000);
