/** Runs the loop of one task within a slice, with the tools that it needs. */

import { logBug } from "../../shared/platform/log.ts";
import type { Result } from "../../shared/result.ts";
import { type Bounds, boundsOf } from "../../shared/spend/budgets.ts";
import type { TaskRow } from "../../shared/store/tasks/task_row.ts";
import type { Failure } from "../../shared/task/failures.ts";
import type { DurableTask } from "../../shared/task/task.ts";
import type { ConsumerConfig } from "../config/config.ts";
import { answerForm } from "../loop/answer/answer_form.ts";
import { millisecondsLeft } from "../loop/budget/allowance.ts";
import type { ToolHost } from "../loop/calls/run_call.ts";
import { openingMessages } from "../loop/conversation/prompt.ts";
import type { JournalWriter } from "../loop/journal/journal_writer.ts";
import { runLoop } from "../loop/loop.ts";
import { endAfterWrite, type LoopEnd } from "../loop/loop_end.ts";
import type { LoopTask } from "../loop/loop_slice.ts";
import type { Engine } from "../sandbox/engine.ts";
import { mountsOf, skillsFolder } from "../skills/find.ts";
import { EffectGate } from "../toolbox/effect_gate.ts";
import { loadPinnedTools, type PinnedTools } from "../toolbox/pinned_tools.ts";
import { createToolHost, openGateway } from "../toolbox/tool_host.ts";
import { WorkDeadline } from "../toolbox/work_deadline.ts";
import { finalAnswerOffer, offersOf } from "../tools/catalog.ts";
import type { Tool } from "../tools/define.ts";
import type { OpenSlice } from "./open_slice.ts";
import { prepare } from "./prepare.ts";

export async function runTask(
  config: ConsumerConfig,
  task: TaskRow,
  open: OpenSlice,
  signal: AbortSignal,
): Promise<LoopEnd> {
  const preparation = await prepare(config, task, open);
  if (!preparation.ok) return { kind: "failure", failure: preparation.error };
  const { spec, policy, models, tools, engine } = preparation.value;
  const { journal, workspace } = open;
  const bounds = boundsOf(spec.limits);
  const deadline = new WorkDeadline(signal);
  const gate = new EffectGate(journal);
  const slice = { policy, bounds, journal, workspace, gate, deadline };
  const gateway = openGateway(config, task, slice);
  let pinned: Result<PinnedTools, Failure> | null = null;
  try {
    pinned = await deadline.runWithin(millisecondsLeft(journal.used, bounds), () =>
      loadPinnedTools(config, task, spec, journal.steps, { gateway, signal }),
    );
    if (!pinned.ok) return { kind: "failure", failure: pinned.error };
    workspace.mount(skillsFolder, mountsOf(pinned.value.skills));
    const allTools = [...tools, ...pinned.value.tools];
    const toolHost = createToolHost(config, task, slice, { engine, gateway, tools: allTools });
    const end = await journalLookup(journal, toolHost);
    if (end !== null) return end;
    const loopTask = loopTaskOf(task, spec, open, {
      bounds,
      tools: allTools,
      pinned: pinned.value,
    });
    return await runLoop(loopTask, models, { journal, toolHost, signal, sliceMs: config.sliceMs });
  } finally {
    const close = pinned?.ok === true ? pinned.value.close() : undefined;
    await Promise.all([close, closeEngine(engine, task.id)]);
  }
}

/** Counts the requests to MCP servers before the first turn, and stores their decisions. */
async function journalLookup(journal: JournalWriter, toolHost: ToolHost): Promise<LoopEnd | null> {
  const rows = toolHost.drainEgress();
  if (rows.length === 0) return null;
  journal.addUsage(toolHost.drainUsage());
  return endAfterWrite(await journal.write([], { seq: journal.nextSeq, rows }));
}

function loopTaskOf(
  task: TaskRow,
  spec: DurableTask,
  { inputs, journal }: OpenSlice,
  { bounds, tools, pinned }: { bounds: Bounds; tools: readonly Tool[]; pinned: PinnedTools },
): LoopTask {
  const form = answerForm(spec);
  const finalOffer = finalAnswerOffer(form.schema);
  return {
    id: task.id,
    opening: openingMessages(spec, inputs, pinned.skills),
    bounds,
    form,
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
