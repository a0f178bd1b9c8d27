/** One slice: what a claimed task needs is laid out, and the loop runs until it ends or must yield. */
import { failure } from "../../shared/failures.ts";
import { leaseLimits } from "../../shared/limits.ts";
import { type ClaimedTask, heartbeat } from "../../shared/store/claims.ts";
import type { TaskRow } from "../../shared/store/task_row.ts";
import type { ConsumerConfig } from "../config/config.ts";
import { fallbackModelsOf } from "../delivery/fallback_models.ts";
import { answerForm } from "../loop/answer/answer_form.ts";
import { boundsOf, millisecondsLeft } from "../loop/budget.ts";
import { openingMessages } from "../loop/conversation/prompt.ts";
import type { JournalWriter } from "../loop/journal_writer.ts";
import { runLoop } from "../loop/loop.ts";
import { batchCeilingEnd, endAfterWrite, type LoopEnd } from "../loop/loop_end.ts";
import type { ToolHost } from "../loop/run_call.ts";
import { untilMidnightUtcMs } from "../models/classify.ts";
import { mountsOf, skillsFolder } from "../skills/find.ts";
import { loadPinnedTools, type PinnedTools } from "../toolbox/pinned_tools.ts";
import { createToolHost } from "../toolbox/tool_host.ts";
import { finalAnswerOffer, offersOf, toolsFor } from "../tools/catalog.ts";
import { modelClientsFor } from "./model_client.ts";
import { type OpenSlice, openSlice } from "./open_slice.ts";
import { outcomeOf, type SliceOutcome, settledOutcome } from "./outcome.ts";
import { pendingFailureOf } from "./pending_failure.ts";
import { policyOf } from "./policy_pin.ts";
import type { SliceResult } from "./settle.ts";

/** Never rejects for what a model or a sandbox does; a store that fails does reject. */
export async function runSlice(fleet: ConsumerConfig, task: ClaimedTask): Promise<SliceResult> {
  const open = await openSlice(fleet, task);
  const ending = endedBefore(fleet, task) ?? (await looped(fleet, task, open));
  const listed = open.spec.ok ? open.spec.task.fallback_models : [];
  const models = [task.model, ...fallbackModelsOf(fleet, task.model, listed)];
  return { ending, scribe: open.scribe, workspace: open.workspace, models };
}

/** What ends a task before its next step. */
function endedBefore(fleet: ConsumerConfig, task: ClaimedTask): SliceOutcome | null {
  if (task.cancel_requested_at !== null) {
    return settledOutcome("cancelled", "cancelled", {
      code: "cancelled",
      message: "Cancelled on request.",
    });
  }
  if (task.expires_at !== null && task.expires_at <= Date.now()) {
    return settledOutcome("expired", "expired", {
      code: "expired",
      message: `The task was not done by its expires_at, ${new Date(task.expires_at).toISOString()}.`,
    });
  }
  // The claim has counted the lost lease already.
  if (task.attempt >= task.attempts) {
    const last = lastError(task);
    return settledOutcome("dead", "attempts_exhausted", {
      code: last.code,
      message: `The task failed ${task.attempt} times; last: ${last.message}`,
      class: "retry",
    });
  }
  if (task.batch_ceiling !== null) {
    const { reason, code, message } = batchCeilingEnd(task.batch_ceiling);
    return settledOutcome("failed", reason, { code, message });
  }
  return overSpent(fleet, task);
}

/** A tenant that has spent what it may today goes on tomorrow: that is no fault of its tasks. */
function overSpent(fleet: ConsumerConfig, task: ClaimedTask): SliceOutcome | null {
  const ceiling = fleet.spendCeilingOf(task.tenant);
  if (ceiling === null || task.model === "rehearsal" || task.spent_today < ceiling) return null;
  const message = `The tenant ${task.tenant} may spend ${ceiling} US dollars a day (SPEND_PER_DAY_USD) and has spent them; its tasks go on from 00:00 UTC.`;
  const retryAfterMs = untilMidnightUtcMs(Date.now());
  const spent = failure("spend_ceiling", message, { retryAfterMs });
  return outcomeOf({ kind: "broke", failure: spent }, task, Math.random());
}

/** What the row says of the last attempt; the claim that counted it wrote it there. */
function lastError({ errors }: ClaimedTask): { code: string; message: string } {
  const last = (JSON.parse(errors) as { code?: string; message?: string }[]).at(-1);
  return {
    code: last?.code ?? "lease_lost",
    message: last?.message ?? "Its worker died or stalled before a step.",
  };
}

async function looped(
  fleet: ConsumerConfig,
  task: ClaimedTask,
  open: OpenSlice,
): Promise<SliceOutcome> {
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
    return outcomeOf(end, task, Math.random());
  } finally {
    clearInterval(beat);
    stop.abort(new Error("the slice is over"));
  }
}

async function loopOf(
  fleet: ConsumerConfig,
  task: TaskRow,
  { spec: read, scribe, workspace, inputs }: OpenSlice,
  signal: AbortSignal,
): Promise<LoopEnd> {
  if (!read.ok) return { kind: "broke", failure: read.failure };
  const unsettled = pendingFailureOf(task, scribe.steps);
  if (unsettled !== null) return { kind: "broke", failure: unsettled };
  const spec = read.task;
  const policy = await policyOf(fleet, task);
  if (!policy.ok) return { kind: "broke", failure: failure("policy_unknown", policy.message) };
  const models = modelClientsFor(fleet, task, spec);
  if (!models.ok) return { kind: "broke", failure: models.failure };
  const found = toolsFor(spec.tools, task, fleet.env);
  if (!found.ok) return { kind: "broke", failure: failure("tool_unconfigured", found.message) };
  const { tools } = found;
  const bounds = boundsOf(spec.limits);
  const hands = createToolHost(fleet, task, { tools, policy, bounds, scribe, workspace, signal });
  if (!hands.ok) return { kind: "broke", failure: hands.failure };
  let extras: PinnedTools | null = null;
  try {
    const brought = await hands.hands.within(millisecondsLeft(scribe.used, bounds), () =>
      loadPinnedTools(fleet, task, spec, scribe.steps, { ways: hands.ways, signal }),
    );
    if (!brought.ok) return { kind: "broke", failure: brought.failure };
    extras = brought.extras;
    hands.add(extras.tools);
    workspace.mount(skillsFolder, mountsOf(extras.skills));
    const asked = await journalAsking(scribe, hands.hands);
    if (asked !== null) return asked;
    const form = answerForm(spec);
    const finalOffer = finalAnswerOffer(form.schema);
    return await runLoop(
      {
        id: task.id,
        opening: openingMessages(spec, inputs, extras.skills),
        bounds,
        form,
        offers: [...offersOf([...tools, ...extras.tools]), finalOffer],
        finalOffer,
        readable: tools.some((tool) => tool.name === "read_file"),
        since: scribe.since,
        onUncertain: spec.on_uncertain ?? "fail",
        lostClaims: task.lost_claims,
        extras: extras.pin,
      },
      models.brains,
      { scribe, hands: hands.hands, signal, sliceMs: fleet.sliceMs },
    );
  } finally {
    await Promise.all([extras?.close(), hands.close()]);
  }
}

/** What was asked of MCP servers before the first turn is counted, and its decisions are rows. */
async function journalAsking(scribe: JournalWriter, hands: ToolHost): Promise<LoopEnd | null> {
  const rows = hands.drainEgress();
  if (rows.length === 0) return null;
  scribe.charge(hands.drainSpent());
  return endAfterWrite(await scribe.write([], { seq: scribe.nextSeq, rows }));
}
