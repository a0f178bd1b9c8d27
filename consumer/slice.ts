/** One slice: what a claimed task needs is laid out, and the loop runs until it ends or must yield. */
import { failure } from "../shared/failures.ts";
import { leaseLimits } from "../shared/limits.ts";
import { getText, objectKeys } from "../shared/objects.ts";
import { heartbeat } from "../shared/store/claims.ts";
import type { TaskRow } from "../shared/store/task_row.ts";
import type { DurableTask } from "../shared/task.ts";
import { readJournal } from "../shared/transcript.ts";
import { noUsage } from "../shared/usage.ts";
import { brainFor } from "./brain.ts";
import type { SliceEnd } from "./conclude.ts";
import { type Ending, endingOf, settled } from "./ending.ts";
import type { Fleet } from "./fleet.ts";
import { handsFor } from "./hands.ts";
import { answerForm } from "./loop/answer.ts";
import { boundsOf } from "./loop/budget.ts";
import { runLoop } from "./loop/loop.ts";
import { openingMessages } from "./loop/prompt.ts";
import { Scribe } from "./loop/scribe.ts";
import type { LoopEnd } from "./loop/turn.ts";
import { policyOf } from "./policy_pin.ts";
import { finalAnswerOffer, offerOf, toolsFor } from "./tools/catalog.ts";
import { Workspace } from "./workspace.ts";

export interface OpenSlice {
  spec: DurableTask | null;
  scribe: Scribe;
  workspace: Workspace;
  /** The paths the task started with, before any step. */
  inputs: string[];
}

/** Reads what a claim needs: the task's body, its journal, its files. */
export async function openSlice(fleet: Fleet, task: TaskRow): Promise<OpenSlice> {
  const { env } = fleet;
  const [text, steps] = await Promise.all([
    task.spec ?? getText(env.OBJECTS, objectKeys.spec(task.tenant, task.id)),
    task.fence === 1 ? [] : readJournal(env.DB, env.OBJECTS, task.id),
  ]);
  const spec = text === null ? null : (JSON.parse(text) as DurableTask);
  const workspace = new Workspace(env.OBJECTS, task.tenant, task.id);
  workspace.layOut(spec?.files ?? {}, []);
  const inputs = workspace.paths();
  const changes = steps.flatMap(({ payload }) =>
    payload.kind === "tool" && payload.files !== undefined ? [payload.files] : [],
  );
  workspace.layOut({}, changes);
  const used = steps.at(-1)?.usage ?? noUsage;
  const scribe = new Scribe(env, { id: task.id, fence: task.fence }, task.tenant, steps, used);
  return { spec, scribe, workspace, inputs };
}

/** Never rejects for what a model or a sandbox does; a store that fails does reject. */
export async function runSlice(fleet: Fleet, task: TaskRow): Promise<SliceEnd> {
  const open = await openSlice(fleet, task);
  const ending = endedBefore(task, open) ?? (await looped(fleet, task, open));
  return { ending, scribe: open.scribe, workspace: open.workspace };
}

/** What ends a task before its next step. */
function endedBefore(task: TaskRow, { spec }: OpenSlice): Ending | null {
  if (task.cancel_requested_at !== null) {
    return settled("cancelled", "cancelled", {
      code: "cancelled",
      message: "Cancelled on request.",
    });
  }
  if (task.expires_at !== null && task.expires_at <= Date.now()) {
    return settled("expired", "expired", {
      code: "expired",
      message: `The task was not done by its expires_at, ${new Date(task.expires_at).toISOString()}.`,
    });
  }
  if (task.attempt >= task.attempts) {
    const lost = failure(
      "lease_lost",
      `${task.attempt} workers in a row died or stalled with this task before they journaled a step.`,
    );
    return endingOf({ kind: "broke", failure: lost }, { ...task, attempt: task.attempts - 1 }, 0);
  }
  if (spec === null) {
    const gone = failure("spec_missing", "The task's body is gone from R2; submit the task again.");
    return endingOf({ kind: "broke", failure: gone }, task, 0);
  }
  return null;
}

async function looped(fleet: Fleet, task: TaskRow, open: OpenSlice): Promise<Ending> {
  const stop = new AbortController();
  const owner = { id: task.id, fence: task.fence };
  const beat = setInterval(() => {
    heartbeat(fleet.env.DB, owner).then(
      (held) => held || stop.abort(new Error("the fence is lost")),
      () => undefined,
    );
  }, leaseLimits.heartbeatMs);
  try {
    const end = await loopOf(fleet, task, open, stop.signal);
    return endingOf(end, task, Math.random());
  } finally {
    clearInterval(beat);
    stop.abort(new Error("the slice is over"));
  }
}

async function loopOf(
  fleet: Fleet,
  task: TaskRow,
  { spec, scribe, workspace, inputs }: OpenSlice,
  signal: AbortSignal,
): Promise<LoopEnd> {
  if (spec === null) return { kind: "lost" };
  const policy = await policyOf(fleet, task);
  if (!policy.ok) return { kind: "broke", failure: failure("policy_unknown", policy.message) };
  const brain = brainFor(fleet, task.model, spec);
  if (!brain.ok) return { kind: "broke", failure: brain.failure };
  const tools = toolsFor(spec.tools, fleet.env);
  const bounds = boundsOf(spec.limits);
  const hands = handsFor(fleet, task, { tools, policy, bounds, scribe, workspace, signal });
  if (!hands.ok) return { kind: "broke", failure: hands.failure };
  const form = answerForm(spec);
  const finalOffer = finalAnswerOffer(form.schema);
  return runLoop(
    {
      id: task.id,
      opening: openingMessages(spec, inputs),
      bounds,
      form,
      offers: [...tools.map(offerOf), finalOffer],
      finalOffer,
    },
    brain.brain,
    { scribe, hands: hands.hands, signal, sliceMs: fleet.sliceMs },
  );
}
