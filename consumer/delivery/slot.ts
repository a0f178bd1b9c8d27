/**
 * One slot. A message is a hint that there is work: its slot takes the next task in order, not necessarily
 * the message's own, and then the next, until none may be taken or the invocation has no room.
 */
import { pressureLimits } from "../../shared/limits.ts";
import type { TaskMessage } from "../../shared/platform/message.ts";
import { isOverload } from "../../shared/platform/retries.ts";
import { type ClaimedTask, claimNextTask, claimTask } from "../../shared/store/tasks/claims.ts";
import { nextIdValues } from "../../shared/store/tasks/next_task.ts";
import type { ConsumerConfig } from "../config/config.ts";
import { sendAllReports, takeSlot } from "../governor/client.ts";
import { isolateMemory } from "../memory/isolate_memory.ts";
import { runSlice } from "../slice/run_slice.ts";
import { finishSlice, type SliceEnd } from "../slice/settle.ts";
import { agentAttributes, agentName, sliceAttributes } from "../telemetry/gen_ai.ts";
import { type Admission, checkAdmission, revokeAdmission } from "./admission.ts";
import { isMessageOver, recordIdle } from "./idle.ts";
import type { Invocation } from "./invocation.ts";
import { modelChoice } from "./model_choice.ts";
import { waitForStore } from "./store_wait.ts";
import { recordTurn, turnCursor } from "./turn.ts";

export interface SlotEnd {
  /** How long the message's model, or D1, takes no new task. */
  waitMs: number;
  /**
   * What follows for the message. `none`: the slot ran its own task, or enough others wait for the model.
   * `look`: the row says whether the message's own task still waits. `again`: it returns without a look at the row,
   * because D1 is overloaded.
   */
  message: "none" | "look" | "again";
}

/** Rejects only when a store fails. `onTaken` is called for each task that the slot takes. */
export async function workSlot(
  invocation: Invocation,
  message: TaskMessage,
  onTaken: () => void = () => undefined,
): Promise<SlotEnd> {
  try {
    return await workThrough(invocation, message, onTaken);
  } catch (error) {
    // An overloaded database rejects a claim or a write without carrying it out, so the message may come again.
    if (!isOverload(error)) throw error;
    return { waitMs: pressureLimits.waitInSlotMsMax, message: "again" };
  } finally {
    await sendAllReports(invocation.config);
  }
}

async function workThrough(
  { config, hasRoom }: Invocation,
  message: TaskMessage,
  onTaken: () => void,
): Promise<SlotEnd> {
  const { DB } = config.env;
  let ranOwn = false;
  let isRefill = false;
  const end = (waitMs: number, message: SlotEnd["message"]): SlotEnd => ({
    waitMs,
    message: ranOwn ? "none" : message,
  });
  do {
    const busyMs = await waitForStore(DB);
    if (busyMs > 0) return end(busyMs, "again");
    if (!isRefill && (await isMessageOver(DB, message.task_id))) return end(0, "none");
    const admission = await checkAdmission(config, message, isRefill);
    const task = await takeTask(config, message, admission.ok ? admission.value : null);
    if (task === null) {
      if (admission.ok) {
        recordIdle(DB, true);
        return end(0, "look");
      }
      return end(admission.error.waitMs, admission.error.isSurplus ? "none" : "look");
    }
    ranOwn ||= task.id === message.task_id;
    onTaken();
    const { othersWait } = await workOn(config, task);
    recordIdle(DB, !othersWait);
    if (!othersWait) break;
    isRefill = true;
  } while (hasRoom());
  return end(0, "look");
}

/** Runs the message's own task out of turn; false where it may not be taken. */
export async function workOwn(config: ConsumerConfig, message: TaskMessage): Promise<boolean> {
  const task = await claimTask(config.env.DB, message.task_id, config.policyHashes);
  if (task === null) return false;
  await workOn(config, task);
  await sendAllReports(config);
  return true;
}

/** Claims a task and gives it what the admission took; without a task, that is free again. */
async function takeTask(
  config: ConsumerConfig,
  message: TaskMessage,
  admission: Admission | null,
): Promise<ClaimedTask | null> {
  let task: ClaimedTask | null = null;
  try {
    task = await claim(config, message, admission);
  } finally {
    if (task === null && admission !== null) revokeAdmission(config, message.task_id, admission);
  }
  if (task !== null && admission !== null && admission.slot !== null)
    takeSlot(config, admission.model, admission.slot, task.id);
  return task;
}

/**
 * Claims the next task. A model with a rate limit admits by task: its admission is passed to the task that is
 * taken, and only its tasks are. Without an admission, only the message's own task may be taken, to end it.
 */
async function claim(
  config: ConsumerConfig,
  message: TaskMessage,
  admission: Admission | null,
): Promise<ClaimedTask | null> {
  const { DB } = config.env;
  const ownTask = { id: message.task_id, onlyEnding: admission === null };
  // The admission came from a fallback model and is valid only for this task.
  if (admission !== null && admission.model !== message.model)
    return claimTask(DB, ownTask.id, config.policyHashes);
  const choice = modelChoice(config, message.model, admission !== null);
  const next = nextIdValues(turnCursor(), choice, config.patienceMs);
  const task = await claimNextTask(DB, ownTask, config.policyHashes, next);
  if (task !== null) recordTurn(task);
  return task;
}

/** One slice of a claimed task and its end, within a span. */
function workOn(config: ConsumerConfig, task: ClaimedTask): Promise<SliceEnd> {
  const attributes = () => agentAttributes(task);
  return config.spans.run(`invoke_agent ${agentName}`, attributes, async (span) => {
    const memory = isolateMemory(config.env).open();
    try {
      const slice = await runSlice(config, task, memory);
      const { outcome } = slice;
      span.setAttributes(() => sliceAttributes(outcome, slice.journal.used));
      if (outcome.kind === "settled" && outcome.status !== "succeeded") span.fail(outcome.reason);
      return await finishSlice(config, task, slice);
    } finally {
      memory.close();
    }
  });
}
