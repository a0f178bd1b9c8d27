/** Reads what a claim needs: the task's body, its journal, its files. */

import { getText, objectKeys } from "../../shared/files/objects.ts";
import { isSampled, logBug } from "../../shared/platform/log.ts";
import { StoreFault } from "../../shared/platform/retries.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { maxUsage, readUsage, type Usage } from "../../shared/spend/usage.ts";
import type { ClaimedTask } from "../../shared/store/tasks/claims.ts";
import { type Failure, failure } from "../../shared/task/failures.ts";
import type { Step } from "../../shared/task/step.ts";
import type { DurableTask } from "../../shared/task/task.ts";
import { isSameThread } from "../../shared/task/thread.ts";
import type { ThreadMark } from "../../shared/task/thread_mark.ts";
import { readJournal } from "../../shared/task/transcript.ts";
import type { ConsumerConfig } from "../config/config.ts";
import { JournalWriter } from "../loop/journal/journal_writer.ts";
import type { LoopJournal } from "../loop/journal/loop_journal.ts";
import { ByteBudget, type MemoryShare } from "../memory/byte_budget.ts";
import { hasQuality, qualityPlan } from "../quality/plan.ts";
import { journalOfThread } from "../quality/thread_journal.ts";
import { Workspace } from "../toolbox/workspace.ts";

/** What one thread of a task works on. */
export interface OpenThread {
  journal: LoopJournal;
  workspace: Workspace;
}

export interface OpenSlice {
  /** The task's body, or why the task cannot run. */
  spec: Result<DurableTask, Failure>;
  journal: JournalWriter;
  /** The journal and the files of a thread, the same objects each time. */
  threadOf(thread: ThreadMark): OpenThread;
  /** What the task holds of the isolate's memory. */
  memory: MemoryShare;
  /** The paths the task started with, before any step. */
  inputs: string[];
}

/** Rejects only when a store fails: stored data that cannot be read is a failure of the task. */
export async function openSlice(
  config: ConsumerConfig,
  task: ClaimedTask,
  memory: MemoryShare = unlimitedMemory(),
): Promise<OpenSlice> {
  try {
    const [spec, steps] = await Promise.all([readSpec(config, task), readSteps(config, task)]);
    if (steps.ok) return buildSlice(config, task, spec, { steps: steps.value, memory });
    return buildSlice(config, task, err(failure("journal_missing", steps.error)), {
      steps: null,
      memory,
    });
  } catch (error) {
    if (error instanceof StoreFault) throw error;
    logBug("open_slice", error, { task_id: task.id });
    const message =
      "The stored data of this task cannot be read; the log has the cause. Redrive it with restart.";
    return buildSlice(config, task, err(failure("bug", message)), { steps: null, memory });
  }
}

async function readSpec(config: ConsumerConfig, task: ClaimedTask): Promise<OpenSlice["spec"]> {
  const key = objectKeys.spec(task.tenant, task.id);
  const text = task.spec ?? (await getText(config.env.OBJECTS, key));
  if (text !== null) return ok(JSON.parse(text) as DurableTask);
  const message = "The task's body is gone from R2; submit the task again.";
  return err(failure("spec_missing", message));
}

/** A first claim has no journal, so it reads none. */
async function readSteps(
  { env }: ConsumerConfig,
  task: ClaimedTask,
): Promise<Result<Step[], string>> {
  return task.fence === 1 ? ok([]) : readJournal(env.DB, env.OBJECTS, task);
}

/** Totals that dead workers left for requests whose outcome is not known. */
const chargesOf = ({ egress_charges: json }: ClaimedTask): Usage[] =>
  (JSON.parse(json) as unknown[]).map((charge) => readUsage(JSON.stringify(charge)));

/** For a task that only ends. */
const unlimitedMemory = (): MemoryShare => new ByteBudget(Number.POSITIVE_INFINITY).open();

/** A slice that is given back before anything of it was read. */
export const unopenedSlice = (
  config: ConsumerConfig,
  task: ClaimedTask,
  cause: Failure,
): OpenSlice => buildSlice(config, task, err(cause), { steps: null, memory: unlimitedMemory() });

/** `storedSteps` is null if the journal exists and cannot be read. */
function buildSlice(
  { env, stepShare }: ConsumerConfig,
  task: ClaimedTask,
  spec: OpenSlice["spec"],
  { steps: storedSteps, memory }: { steps: Step[] | null; memory: MemoryShare },
): OpenSlice {
  const steps = storedSteps ?? [];
  const journaledUsage = readUsage(JSON.stringify(steps.at(-1)?.usage ?? {}));
  const claim = { id: task.id, fence: task.fence };
  const journal = new JournalWriter(env, claim, {
    tenant: task.tenant,
    steps,
    used: [journaledUsage, ...chargesOf(task)].reduce(maxUsage, readUsage(task.usage)),
    mayHaveRows: task.fence > 1,
    hasCeiling: task.batch_limited === 1,
    resumedFrom: task.resumed_from ?? 0,
    isComplete: storedSteps !== null,
    logsSteps: isSampled(task.id, stepShare),
  });
  const files = spec.ok ? (spec.value.files ?? {}) : {};
  const openWorkspace = (own: readonly Step[]): Workspace => {
    const workspace = new Workspace(env.OBJECTS, task.tenant, task.id, own);
    workspace.load(files, []);
    const changes = own.flatMap(({ payload }) =>
      payload.kind === "tool" && payload.files !== undefined ? [payload.files] : [],
    );
    workspace.load({}, changes);
    return workspace;
  };
  const hasOneThread = spec.ok && !hasQuality(qualityPlan(spec.value));
  const threads: (OpenThread & { thread: ThreadMark })[] = [];
  return {
    spec,
    journal,
    memory,
    inputs: openWorkspace([]).paths(),
    threadOf(thread) {
      const known = threads.find((each) => isSameThread(each.thread, thread));
      if (known !== undefined) return known;
      const own = hasOneThread ? journal : journalOfThread(journal, thread);
      const opened = { thread, journal: own, workspace: openWorkspace(own.steps) };
      threads.push(opened);
      return opened;
    },
  };
}
