/** Runs one task within a slice: its threads and the checks of their answers, move by move. */
import type { TaskRow } from "../../shared/store/tasks/task_row.ts";
import { lastWorkingThread } from "../../shared/task/thread.ts";
import type { ConsumerConfig } from "../config/config.ts";
import { qualityPlan } from "../quality/plan.ts";
import { type QualityEnd, runQuality } from "../quality/run.ts";
import type { OpenSlice } from "./open_slice.ts";
import { prepare } from "./prepare.ts";
import { runCheck } from "./run_check.ts";
import { runThread, type TaskSlice } from "./run_thread.ts";

export async function runTask(
  config: ConsumerConfig,
  task: TaskRow,
  open: OpenSlice,
  signal: AbortSignal,
): Promise<QualityEnd> {
  const { journal } = open;
  const prepared = await prepare(config, task, open);
  if (!prepared.ok) {
    const end = { kind: "failure", failure: prepared.error } as const;
    return { end, thread: lastWorkingThread(journal.steps) };
  }
  const plan = qualityPlan(prepared.value.spec);
  const slice: TaskSlice = { config, task, open, prepared: prepared.value, plan, signal };
  return runQuality(
    plan,
    { journal, signal, sliceMs: config.sliceMs },
    {
      work: (thread) => runThread(slice, thread),
      check: (thread, attempt) => runCheck(slice, thread, attempt),
    },
  );
}
