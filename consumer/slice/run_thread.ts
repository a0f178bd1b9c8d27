/** Runs the loop of one thread, with the model, the workspace and the tools of that thread. */
import { memoryLimits } from "../../shared/limits.ts";
import { logBug } from "../../shared/platform/log.ts";
import type { Result } from "../../shared/result.ts";
import { boundsOf } from "../../shared/spend/budgets.ts";
import type { TaskRow } from "../../shared/store/tasks/task_row.ts";
import { type Failure, failure } from "../../shared/task/failures.ts";
import type { ThreadMark } from "../../shared/task/thread_mark.ts";
import { ApprovalDesk } from "../approvals/desk.ts";
import type { ConsumerConfig } from "../config/config.ts";
import { millisecondsLeft } from "../loop/budget/allowance.ts";
import type { ToolHost } from "../loop/calls/run_call.ts";
import { openingMessages } from "../loop/conversation/prompt.ts";
import type { LoopJournal } from "../loop/journal/loop_journal.ts";
import { runLoop } from "../loop/loop.ts";
import { endAfterWrite, type LoopEnd } from "../loop/loop_end.ts";
import type { LoopTask } from "../loop/loop_slice.ts";
import type { ModelClient } from "../loop/model_client.ts";
import { transcriptBytes } from "../memory/task_bytes.ts";
import { type QualityPlan, reserveFor } from "../quality/plan.ts";
import type { Engine } from "../sandbox/engine.ts";
import { engineFor } from "../sandbox/index.ts";
import { mountsOf, skillsFolder } from "../skills/find.ts";
import { EffectGate } from "../toolbox/effect_gate.ts";
import { loadPinnedTools, type PinnedTools } from "../toolbox/pinned_tools.ts";
import { createToolHost, openGateway } from "../toolbox/tool_host.ts";
import { WorkDeadline } from "../toolbox/work_deadline.ts";
import { finalAnswerOffer, offersOf } from "../tools/catalog.ts";
import type { Tool } from "../tools/define.ts";
import { modelClientsFor } from "./model_client.ts";
import type { OpenSlice } from "./open_slice.ts";
import type { Prepared } from "./prepare.ts";
import {
  escalationMessages,
  modelOfThread,
  policyOfThread,
  specOfThread,
  toolsOfThread,
} from "./threads.ts";

/** What all threads of a slice share. */
export interface TaskSlice {
  config: ConsumerConfig;
  task: TaskRow;
  open: OpenSlice;
  prepared: Prepared;
  plan: QualityPlan;
  signal: AbortSignal;
}

export async function runThread(slice: TaskSlice, thread: ThreadMark): Promise<LoopEnd> {
  const { config, task, open, prepared, signal } = slice;
  const { spec, tools } = prepared;
  const models = modelsOfThread(slice, thread);
  if (!models.ok) return { kind: "failure", failure: models.error };
  const engine = engineFor(task.sandbox, config.env, engineName(task, thread));
  if (!engine.ok) return { kind: "failure", failure: failure("sandbox_unavailable", engine.error) };
  const { journal, workspace } = open.threadOf(thread);
  const bounds = boundsOf(spec.limits);
  const deadline = new WorkDeadline(signal);
  const approvals = new ApprovalDesk(config.env.DB, task.id, spec);
  const gate = new EffectGate(journal, spec.approve === "effects");
  const policy = policyOfThread(prepared.policy, thread);
  const { memory } = open;
  const work = { policy, bounds, journal, workspace, gate, deadline, approvals, memory };
  const gateway = openGateway(config, task, work);
  let pinned: Result<PinnedTools, Failure> | null = null;
  try {
    pinned = await deadline.runWithin(millisecondsLeft(journal.used, bounds), () =>
      loadPinnedTools(config, task, spec, journal.allSteps, { gateway, signal }),
    );
    if (!pinned.ok) return { kind: "failure", failure: pinned.error };
    workspace.mount(skillsFolder, mountsOf(pinned.value.skills));
    const allTools = toolsOfThread([...tools, ...pinned.value.tools], thread);
    const toolHost = createToolHost(config, task, work, {
      engine: engine.value,
      gateway,
      tools: allTools,
    });
    const end = await journalLookup(journal, toolHost);
    if (end !== null) return end;
    const loopTask = loopTaskOf(slice, thread, { tools: allTools, pinned: pinned.value });
    const taskBytes = () =>
      memoryLimits.taskBytes + transcriptBytes(journal.allSteps) + workspace.bytesInMemory;
    const loopSlice = {
      ...{ journal, toolHost, approvals, signal, sliceMs: config.sliceMs },
      memory: { share: memory, taskBytes },
    };
    return await runLoop(loopTask, models.value, loopSlice);
  } finally {
    const close = pinned?.ok === true ? pinned.value.close() : undefined;
    await Promise.all([close, closeEngine(engine.value, task.id)]);
  }
}

/** The task's own model with its fallbacks, or the one model of an escalation or a judge. */
export function modelsOfThread(
  { config, task, prepared }: TaskSlice,
  thread: ThreadMark,
): Result<readonly [ModelClient, ...ModelClient[]], Failure> {
  const model = modelOfThread(prepared.spec, thread) ?? task.model;
  return modelClientsFor(config, { ...task, model }, specOfThread(prepared.spec, task.id, thread));
}

/** A sandbox that keeps files between its runs must not be shared by threads. */
function engineName({ id, fence }: TaskRow, { tier, sample }: ThreadMark): string {
  const parts = [
    `${id}-${fence}`,
    ...(tier === undefined ? [] : [`e${tier}`]),
    ...(sample === undefined ? [] : [`s${sample}`]),
  ];
  return parts.join("-");
}

/** Counts the requests to MCP servers before the first turn, and stores their decisions. */
async function journalLookup(journal: LoopJournal, toolHost: ToolHost): Promise<LoopEnd | null> {
  const rows = toolHost.drainEgress();
  if (rows.length === 0) return null;
  journal.addUsage(toolHost.drainUsage());
  return endAfterWrite(await journal.write([], { seq: journal.nextSeq, rows }));
}

function loopTaskOf(
  { task, open, prepared, plan }: TaskSlice,
  thread: ThreadMark,
  { tools, pinned }: { tools: readonly Tool[]; pinned: PinnedTools },
): LoopTask {
  const { spec } = prepared;
  const { inputs, journal } = open;
  const finalOffer = finalAnswerOffer(plan.form.schema);
  return {
    id: task.id,
    opening: [
      ...openingMessages(spec, inputs, pinned.skills, prepared.pictures),
      ...escalationMessages(spec, thread, journal.steps),
    ],
    bounds: boundsOf(spec.limits),
    reserved: reserveFor(plan),
    form: plan.form,
    offers: [...offersOf(tools), finalOffer],
    finalOffer,
    canReadFiles: tools.some((tool) => tool.name === "read_file"),
    resumedFrom: journal.resumedFrom,
    onUncertain: spec.on_uncertain ?? "fail",
    lostClaims: task.lost_claims,
    toolPin: pinned.pin,
  };
}

/** Releases what the sandbox keeps between runs, such as a container. Never rejects. */
async function closeEngine(engine: Engine, taskId: string): Promise<void> {
  await engine.close?.().catch((error) => logBug("close_sandbox", error, { task_id: taskId }));
}
