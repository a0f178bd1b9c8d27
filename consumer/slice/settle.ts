/** Carries out the outcome of a slice: settles the task, or releases it and requeues its message. */
import { governorLimits } from "../../shared/limits.ts";
import { log } from "../../shared/platform/log.ts";
import { taskMessage } from "../../shared/platform/message.ts";
import { releaseTask } from "../../shared/store/tasks/settlements.ts";
import type { TaskRow } from "../../shared/store/tasks/task_row.ts";
import type { Step } from "../../shared/task/step.ts";
import type { ConsumerConfig } from "../config/config.ts";
import { releaseConcurrencySlot } from "../delivery/concurrency.ts";
import { requeue } from "../delivery/requeue.ts";
import { pauseSlot, releaseSlots } from "../governor/client.ts";
import { settledFields } from "../telemetry/lines.ts";
import { pointOf, writePoint } from "../telemetry/points.ts";
import type { SliceOutcome } from "./outcome.ts";
import type { SliceResult } from "./run_slice.ts";
import { attemptError, listQuirks, settleTask } from "./settlement.ts";
import { unchargedSpend } from "./spend.ts";

/** What the end of a slice means for its slot: `othersWait` is false when no task is left to take. */
export interface SliceEnd {
  othersWait: boolean;
}

const mayWait: SliceEnd = { othersWait: true };

export async function finishSlice(
  config: ConsumerConfig,
  task: TaskRow,
  slice: SliceResult,
): Promise<SliceEnd> {
  const end = await applyOutcome(config, task, slice);
  await releaseConcurrencySlot(config, task, slice.outcome);
  return end;
}

async function applyOutcome(
  config: ConsumerConfig,
  task: TaskRow,
  slice: SliceResult,
): Promise<SliceEnd> {
  const { outcome, journal } = slice;
  const models = modelsOf([task.model, slice.nextModel], journal.allSteps);
  if (!keepsModelSlot(outcome)) releaseSlots(config, task.id, models);
  else if (outcome.kind === "released")
    for (const model of models) pauseSlot(config, model, task.id, task.id);
  const fields = { task_id: task.id, fence: task.fence, steps: journal.used.steps };
  switch (outcome.kind) {
    case "lost":
      log("fence_lost", fields);
      return mayWait;
    case "released":
      await releaseAndRequeue(config, task, slice, outcome);
      return mayWait;
    case "settled": {
      const settlement = await settleTask(config.env, task, slice, outcome);
      if (!settlement.ok) {
        log("fence_lost", fields);
        return mayWait;
      }
      const { used } = journal;
      const { outcome: end, othersWait } = settlement.value;
      writePoint(config.env.METRICS, () => pointOf(task, end, used, Date.now()));
      log("task_settled", settledFields(task, end, used));
      return { othersWait };
    }
  }
}

/** The models whose governors may have given the task a slot: its own, the next one, and those that it called. */
function modelsOf(models: readonly string[], steps: readonly Step[]): string[] {
  const called = steps.flatMap(({ name, payload }) => (payload.kind === "model" ? [name] : []));
  return [...new Set([...models, ...called])];
}

/**
 * Whether the task keeps its slot at its model's governor: while it yields, waits for the model itself, or
 * comes back soon. After a lost fence another worker runs the task and holds the slot.
 */
function keepsModelSlot(outcome: SliceOutcome): boolean {
  switch (outcome.kind) {
    case "lost":
      return true;
    case "settled":
      return false;
    case "released": {
      const waitsForModel = ["model_busy", "model_loading", "model_quota"].includes(
        outcome.failure?.code ?? "",
      );
      return waitsForModel || outcome.delayMs <= governorLimits.slotMs / 2;
    }
  }
}

const releaseEvents = {
  yielded: "task_yielded",
  requeued: "task_requeued",
  retrying: "task_retrying",
  set_aside: "approval_requested",
} as const;

/** Release first, then send: the sweep finds a task whose worker dies between the two. */
async function releaseAndRequeue(
  config: ConsumerConfig,
  task: TaskRow,
  { journal, nextModel }: SliceResult,
  outcome: SliceOutcome & { kind: "released" },
): Promise<void> {
  const cause = outcome.why === "retrying" ? outcome.failure : null;
  const claim = { id: task.id, fence: task.fence };
  const flush = await journal.flush();
  if (!flush.ok) return log("fence_lost", { task_id: task.id, fence: task.fence });
  const release = await releaseTask(config.env.DB, claim, {
    delayMs: outcome.delayMs,
    usageJson: JSON.stringify(journal.used),
    quirksJson: JSON.stringify(listQuirks(journal.steps)),
    errorJson: cause === null ? null : attemptError(cause, task),
    ledger: unchargedSpend(journal.steps, task.charged_seq),
    nextModel,
    proposal: outcome.why === "set_aside" ? outcome.proposal : null,
  });
  log(release.ok ? releaseEvents[outcome.why] : "fence_lost", {
    task_id: task.id,
    fence: task.fence,
    delay_ms: outcome.delayMs,
    why: outcome.failure?.code,
  });
  if (!release.ok) return;
  // A decision or the deadline makes it due: until then no message is needed.
  if (outcome.why === "set_aside" && !release.value.cancelRequested) return;
  const delayMs = release.value.cancelRequested ? 0 : outcome.delayMs;
  await requeue(config, taskMessage(task.id, nextModel), delayMs, task.priority);
}
