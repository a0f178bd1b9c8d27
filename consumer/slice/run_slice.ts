/** One slice: opens what a claimed task needs, and runs it until it ends or must yield. */
import { leaseLimits } from "../../shared/limits.ts";
import { type ClaimedTask, heartbeat } from "../../shared/store/tasks/claims.ts";
import type { ConsumerConfig } from "../config/config.ts";
import { fallbackModelsOf } from "../delivery/fallback_models.ts";
import type { JournalWriter } from "../loop/journal/journal_writer.ts";
import type { Workspace } from "../toolbox/workspace.ts";
import { findEarlyEnd } from "./early_end.ts";
import { type OpenSlice, openSlice } from "./open_slice.ts";
import { outcomeOf, type SliceOutcome } from "./outcome.ts";
import { runTask } from "./run_task.ts";

/** What a slice leaves behind. */
export interface SliceResult {
  outcome: SliceOutcome;
  journal: JournalWriter;
  workspace: Workspace;
  /** The models whose governors may have given the task a slot. */
  models: readonly string[];
}

/** Never rejects for what a model or a sandbox does; rejects when a store fails. */
export async function runSlice(config: ConsumerConfig, task: ClaimedTask): Promise<SliceResult> {
  const open = await openSlice(config, task);
  const outcome = findEarlyEnd(config, task) ?? (await runLeased(config, task, open));
  const fallbackModels = open.spec.ok ? open.spec.value.fallback_models : [];
  const models = [task.model, ...fallbackModelsOf(config, task.model, fallbackModels)];
  return { outcome, journal: open.journal, workspace: open.workspace, models };
}

/** Renews the lease while the task runs, and stops the work when the fence is lost. */
async function runLeased(
  config: ConsumerConfig,
  task: ClaimedTask,
  open: OpenSlice,
): Promise<SliceOutcome> {
  const stop = new AbortController();
  const claim = { id: task.id, fence: task.fence };
  const timer = setInterval(() => {
    heartbeat(config.env.DB, claim).then(
      (isHeld) => isHeld || stop.abort(new Error("the fence is lost")),
      () => undefined,
    );
  }, leaseLimits.heartbeatMs);
  try {
    const end = await runTask(config, task, open, stop.signal);
    return outcomeOf(end, task, Math.random());
  } finally {
    clearInterval(timer);
    stop.abort(new Error("the slice is over"));
  }
}
