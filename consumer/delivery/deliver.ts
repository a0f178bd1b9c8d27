/** One message: admit, claim, run a slice, conclude. Decided once, at the end: `ack` or `retry`. */
import { leaseLimits, retryLimits } from "../../shared/limits.ts";
import { log, logBug } from "../../shared/log.ts";
import { readTaskMessage, type TaskMessage } from "../../shared/message.ts";
import { StoreFault } from "../../shared/retrying.ts";
import { type ClaimedTask, claim, deferTask, dueIn } from "../../shared/store/claims.ts";
import { park } from "../../shared/store/pauses.ts";
import type { ConsumerConfig } from "../config/config.ts";
import { runSlice } from "../slice/run_slice.ts";
import { finishSlice } from "../slice/settle.ts";
import { agentAttributes, agentName, sliceAttributes } from "../telemetry/gen_ai.ts";
import { checkAdmission, revokeAdmission } from "./admission.ts";
import { requeue } from "./requeue.ts";

/** Which of the two task queues a message came from: what is sent again goes there too. */
export type Priority = "normal" | "low";

export async function deliver(
  fleet: ConsumerConfig | null,
  message: Message<unknown>,
  priority: Priority,
): Promise<void> {
  try {
    if (fleet === null) throw new StoreFault("the fleet could not be read from its environment");
    await handle(fleet, message.body, priority);
    message.ack();
  } catch (error) {
    // The lease that this try may hold must run out before the next one can claim the task.
    if (!(error instanceof StoreFault)) logBug("deliver", error);
    message.retry({ delaySeconds: Math.ceil(leaseLimits.leaseMs / 1000) + jitterSeconds() });
  }
}

async function handle(fleet: ConsumerConfig, body: unknown, priority: Priority): Promise<void> {
  const told = readTaskMessage(body);
  if (told === null) return log("message_unreadable", { queue: "tasks" });

  const admitted = await checkAdmission(fleet, told);
  // A closed model does not keep a task from being cancelled or from expiring.
  const task = await claim(fleet.env.DB, told.task_id, fleet.policyHashes, !admitted.ok);
  if (task !== null) return work(fleet, task);
  if (!admitted.ok) return turnAway(fleet, told, priority, admitted.waitMs);
  await revokeAdmission(fleet, told.task_id, admitted);
  return passOver(fleet, told, priority);
}

/** One slice of a claimed task and its end, within a span. */
function work(fleet: ConsumerConfig, task: ClaimedTask): Promise<void> {
  const about = () => agentAttributes(task);
  return fleet.spans.within(`invoke_agent ${agentName}`, about, async (span) => {
    const slice = await runSlice(fleet, task);
    span.note(() => sliceAttributes(slice.ending, slice.scribe.used));
    if (slice.ending.kind === "settled" && slice.ending.status !== "succeeded")
      span.failed(slice.ending.reason);
    await finishSlice(fleet, task, slice);
  });
}

/**
 * Paused, or its key's slots are taken: set aside until it is woken. Settled, owned, or not ours: nothing
 * to do. A message that came early is sent again for its time, and one whose hindrance went meanwhile at once.
 */
async function passOver(
  fleet: ConsumerConfig,
  told: TaskMessage,
  priority: Priority,
): Promise<void> {
  const parked = await park(fleet.env.DB, told.task_id);
  if (parked !== null) return log("task_parked", { task_id: told.task_id, why: parked });
  const waitMs = await dueIn(fleet.env.DB, told.task_id);
  log("task_passed_over", { task_id: told.task_id, wait_ms: waitMs });
  if (waitMs !== null) await requeue(fleet, told, waitMs, priority);
}

/** The model takes no new task now: the message comes back when it may. Costs no attempt and no row. */
async function turnAway(
  fleet: ConsumerConfig,
  told: TaskMessage,
  priority: Priority,
  waitMs: number,
): Promise<void> {
  log("task_given_back", { task_id: told.task_id, why: "not_admitted", delay_ms: waitMs });
  if (fleet.mode === "local") await deferTask(fleet.env.DB, told.task_id, waitMs);
  await requeue(fleet, told, waitMs, priority);
}

const jitterSeconds = (): number => Math.ceil((Math.random() * retryLimits.storeDeadlineMs) / 1000);
