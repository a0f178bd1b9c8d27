/** One slice: opens what a claimed task needs, and runs it until it ends or must yield. */
import { leaseLimits, memoryLimits } from "../../shared/limits.ts";
import { readUsage } from "../../shared/spend/usage.ts";
import { type ClaimedTask, heartbeat } from "../../shared/store/tasks/claims.ts";
import type { QualitySummary } from "../../shared/task/quality_summary.ts";
import { lastWorkingThread } from "../../shared/task/thread.ts";
import type { ThreadMark } from "../../shared/task/thread_mark.ts";
import type { ConsumerConfig } from "../config/config.ts";
import type { JournalWriter } from "../loop/journal/journal_writer.ts";
import type { MemoryShare } from "../memory/byte_budget.ts";
import { memoryFull } from "../memory/memory_full.ts";
import { expectedBytes } from "../memory/task_bytes.ts";
import { hasQuality, qualityPlan } from "../quality/plan.ts";
import { summarise } from "../quality/summary.ts";
import type { Workspace } from "../toolbox/workspace.ts";
import { findEarlyEnd } from "./early_end.ts";
import { type OpenSlice, openSlice, unopenedSlice } from "./open_slice.ts";
import { outcomeOf, type SliceOutcome } from "./outcome.ts";
import { runTask } from "./run_task.ts";
import { nextModelOf } from "./threads.ts";

/** What a slice leaves behind. */
export interface SliceResult {
  outcome: SliceOutcome;
  journal: JournalWriter;
  workspace: Workspace;
  /** The model that a released task waits for. */
  nextModel: string;
  /** What checks, samples and escalations did; null for a task without any, and before it settles. */
  quality: QualitySummary | null;
}

/** Never rejects for what a model or a sandbox does; rejects when a store fails. */
export async function runSlice(
  config: ConsumerConfig,
  task: ClaimedTask,
  memory: MemoryShare,
): Promise<SliceResult> {
  const end = findEarlyEnd(config, task);
  const needsNoRoom = end !== null;
  const bytes = expectedBytes(readUsage(task.usage));
  const isAdmitted = needsNoRoom || (await memory.admit(bytes, { msMax: memoryLimits.waitMsMax }));
  const open = isAdmitted
    ? await openSlice(config, task, memory)
    : unopenedSlice(config, task, memoryFull);
  const early = isAdmitted
    ? end
    : outcomeOf({ kind: "failure", failure: memoryFull }, task, Math.random());
  const { outcome, thread } =
    early === null
      ? await runLeased(config, task, open)
      : { outcome: early, thread: lastWorkingThread(open.journal.steps) };
  const { workspace } = open.threadOf(thread);
  return {
    outcome,
    journal: open.journal,
    workspace,
    nextModel: nextModelFor(task, open, outcome),
    quality: outcome.kind === "settled" ? qualityOf(task, open, thread) : null,
  };
}

function qualityOf(
  { model }: ClaimedTask,
  { spec, journal }: OpenSlice,
  thread: ThreadMark,
): QualitySummary | null {
  const plan = spec.ok ? qualityPlan(spec.value) : null;
  if (plan === null || !hasQuality(plan)) return null;
  return summarise(plan, journal.steps, { thread, own: model });
}

/** The model that a released task calls next. */
function nextModelFor(
  task: ClaimedTask,
  { spec, journal }: OpenSlice,
  outcome: SliceOutcome,
): string {
  const next = spec.ok && outcome.kind === "released" ? nextModelOf(spec.value, journal) : null;
  return next || task.model;
}

/** Renews the lease while the task runs, and stops the work when the fence is lost. */
async function runLeased(
  config: ConsumerConfig,
  task: ClaimedTask,
  open: OpenSlice,
): Promise<{ outcome: SliceOutcome; thread: ThreadMark }> {
  const stop = new AbortController();
  const claim = { id: task.id, fence: task.fence };
  const timer = setInterval(() => {
    heartbeat(config.env.DB, claim).then(
      (isHeld) => isHeld || stop.abort(new Error("the fence is lost")),
      () => undefined,
    );
  }, leaseLimits.heartbeatMs);
  try {
    const { end, thread } = await runTask(config, task, open, stop.signal);
    return { outcome: outcomeOf(end, task, Math.random()), thread };
  } finally {
    clearInterval(timer);
    stop.abort(new Error("the slice is over"));
  }
}
