/** Lays out what a claim needs: the task's body, its journal, its files. */
import { type Failure, type FailureCode, failure } from "../../shared/failures.ts";
import { logBug } from "../../shared/log.ts";
import { getText, objectKeys } from "../../shared/objects.ts";
import { StoreFault } from "../../shared/retrying.ts";
import type { Step } from "../../shared/step.ts";
import type { ClaimedTask } from "../../shared/store/claims.ts";
import type { DurableTask } from "../../shared/task.ts";
import { type Journal, readJournal } from "../../shared/transcript.ts";
import { mostUsage, readUsage } from "../../shared/usage.ts";
import type { ConsumerConfig } from "../config/config.ts";
import { JournalWriter } from "../loop/journal_writer.ts";
import { Workspace } from "../toolbox/workspace.ts";

export interface OpenSlice {
  /** The task's body, or why the task cannot be worked on. */
  spec: { ok: true; task: DurableTask } | { ok: false; failure: Failure };
  scribe: JournalWriter;
  workspace: Workspace;
  /** The paths the task started with, before any step. */
  inputs: string[];
}

/** Rejects only when a store fails: what is stored but cannot be read is a failure of the task. */
export async function openSlice(fleet: ConsumerConfig, task: ClaimedTask): Promise<OpenSlice> {
  try {
    const [spec, journal] = await Promise.all([readSpec(fleet, task), readSteps(fleet, task)]);
    if (journal.ok) return buildSlice(fleet, task, spec, journal.steps);
    return buildSlice(fleet, task, unworkable("journal_missing", journal.message), null);
  } catch (error) {
    if (error instanceof StoreFault) throw error;
    logBug("open_slice", error, { task_id: task.id });
    const message =
      "What this task has stored cannot be read; the log says why. Redrive it with restart.";
    return buildSlice(fleet, task, unworkable("bug", message), null);
  }
}

const unworkable = (code: FailureCode, message: string): OpenSlice["spec"] => ({
  ok: false,
  failure: failure(code, message),
});

async function readSpec(fleet: ConsumerConfig, task: ClaimedTask): Promise<OpenSlice["spec"]> {
  const key = objectKeys.spec(task.tenant, task.id);
  const text = task.spec ?? (await getText(fleet.env.OBJECTS, key));
  if (text !== null) return { ok: true, task: JSON.parse(text) as DurableTask };
  return unworkable("spec_missing", "The task's body is gone from R2; submit the task again.");
}

/** A first claim has no journal, so it reads none. */
async function readSteps({ env }: ConsumerConfig, task: ClaimedTask): Promise<Journal> {
  return task.fence === 1 ? { ok: true, steps: [] } : readJournal(env.DB, env.OBJECTS, task);
}

/** `read` is null where the journal is there and cannot be read. */
function buildSlice(
  fleet: ConsumerConfig,
  task: ClaimedTask,
  spec: OpenSlice["spec"],
  read: Step[] | null,
): OpenSlice {
  const { env } = fleet;
  const steps = read ?? [];
  const workspace = new Workspace(env.OBJECTS, task.tenant, task.id, steps);
  workspace.layOut(spec.ok ? (spec.task.files ?? {}) : {}, []);
  const inputs = workspace.paths();
  const changes = steps.flatMap(({ payload }) =>
    payload.kind === "tool" && payload.files !== undefined ? [payload.files] : [],
  );
  workspace.layOut({}, changes);
  const journaled = readUsage(JSON.stringify(steps.at(-1)?.usage ?? {}));
  const used = mostUsage(readUsage(task.usage), journaled);
  const owner = { id: task.id, fence: task.fence };
  const scribe = new JournalWriter(env, owner, task.tenant, steps, used, {
    journaled: task.fence > 1,
    charging: task.batch_limited === 1,
    since: task.resumed_from ?? 0,
    whole: read !== null,
  });
  return { spec, scribe, workspace, inputs };
}
