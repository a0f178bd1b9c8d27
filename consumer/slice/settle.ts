/** Carries out an ending: settle, or give back and send the continuation. */
import { governorLimits, storeLimits } from "../../shared/limits.ts";
import { log } from "../../shared/log.ts";
import { taskMessage } from "../../shared/message.ts";
import { byteLength, objectKeys, putOnce } from "../../shared/objects.ts";
import { stepQuirks } from "../../shared/step.ts";
import { type Claim, release, settle } from "../../shared/store/claims.ts";
import type { TaskRow } from "../../shared/store/task_row.ts";
import { writeTranscript } from "../../shared/transcript.ts";
import type { ConsumerConfig } from "../config/config.ts";
import { releaseConcurrencySlot } from "../delivery/concurrency.ts";
import { requeue } from "../delivery/requeue.ts";
import { releaseSlots } from "../governor/client.ts";
import { draftOf } from "../loop/answer/draft.ts";
import type { JournalWriter } from "../loop/journal_writer.ts";
import { settledFields } from "../telemetry/lines.ts";
import { pointOf, writePoint } from "../telemetry/points.ts";
import type { Workspace } from "../toolbox/workspace.ts";
import { type SliceOutcome, settledOutcome } from "./outcome.ts";
import { uncharged } from "./spend.ts";
import { withUncertain } from "./uncertain_effect.ts";

/** What a slice leaves behind. */
export interface SliceResult {
  ending: SliceOutcome;
  scribe: JournalWriter;
  workspace: Workspace;
  /** The models that may have given the task a place. */
  models: readonly string[];
}

export async function finishSlice(
  fleet: ConsumerConfig,
  task: TaskRow,
  slice: SliceResult,
): Promise<void> {
  await carryOut(fleet, task, slice);
  await releaseConcurrencySlot(fleet, task, slice.ending);
}

async function carryOut(fleet: ConsumerConfig, task: TaskRow, slice: SliceResult): Promise<void> {
  const { ending } = slice;
  if (!staysInProgress(ending)) await releaseSlots(fleet, task.id, slice.models);
  const fields = { task_id: task.id, fence: task.fence, steps: slice.scribe.used.steps };
  switch (ending.kind) {
    case "lost":
      return log("fence_lost", fields);
    case "released":
      return giveBack(fleet, task, slice, ending);
    case "settled": {
      const held = await settleTask(fleet, task, slice, ending);
      if (!held) return log("fence_lost", fields);
      const { used } = slice.scribe;
      writePoint(fleet.env.METRICS, () => pointOf(task, ending, used, Date.now()));
      return log("task_settled", settledFields(task, ending, used));
    }
  }
}

/**
 * Whether the task keeps its place at its model's governor: while it yields, waits for the model itself,
 * or is back soon. A lost fence is somebody else's task, who holds the place now.
 */
function staysInProgress(ending: SliceOutcome): boolean {
  switch (ending.kind) {
    case "lost":
      return true;
    case "settled":
      return false;
    case "released": {
      const forModel = ["model_busy", "model_quota"].includes(ending.failure?.code ?? "");
      return forModel || ending.delayMs <= governorLimits.placeMs / 2;
    }
  }
}

/** Release first, then send: a crash between the two is found by the sweep. */
async function giveBack(
  fleet: ConsumerConfig,
  task: TaskRow,
  { scribe }: SliceResult,
  ending: SliceOutcome & { kind: "released" },
): Promise<void> {
  const failed = ending.why === "retrying" ? ending.failure : null;
  const released = await release(fleet.env.DB, ownerOf(task), {
    delayMs: ending.delayMs,
    usageJson: JSON.stringify(scribe.used),
    quirksJson: JSON.stringify(quirksOf(scribe)),
    errorJson: failed === null ? null : attemptError(failed, task),
    charged: uncharged(scribe.steps, task.charged_seq),
  });
  const event = {
    yielded: "task_yielded",
    given_back: "task_given_back",
    retrying: "task_retrying",
  } as const;
  log(released.held ? event[ending.why] : "fence_lost", {
    task_id: task.id,
    fence: task.fence,
    delay_ms: ending.delayMs,
    why: ending.failure?.code,
  });
  if (!released.held) return;
  const delayMs = released.cancelRequested ? 0 : ending.delayMs;
  await requeue(fleet, taskMessage(task.id, task.model), delayMs, task.priority);
}

/** Result and transcript first, each put once under this fence; then the row that points at them. */
async function settleTask(
  fleet: ConsumerConfig,
  task: TaskRow,
  slice: SliceResult,
  end: SliceOutcome & { kind: "settled" },
): Promise<boolean> {
  const { env } = fleet;
  const { scribe, workspace } = slice;
  const files = await workspace.manifest();
  const usage = scribe.used;
  const result = JSON.stringify({
    id: task.id,
    status: end.status,
    reason: end.reason,
    custom_id: task.custom_id,
    model: task.model,
    attempt: task.attempt,
    usage,
    output: end.output,
    files: Object.fromEntries(
      Object.entries(files).map(([path, { bytes, sha256 }]) => [path, { bytes, sha256 }]),
    ),
  });
  const weight = byteLength(result);
  if (end.status === "succeeded" && weight > storeLimits.resultBytesMax) {
    const message = `The result is ${weight} bytes; a result may hold ${storeLimits.resultBytesMax}. Let the task write a file instead.`;
    const refused = settledOutcome("failed", "invalid_output", {
      code: "result_too_large",
      message,
    });
    return settleTask(fleet, task, { ...slice, ending: refused }, refused);
  }
  // Without its journal, a transcript would pass off as a run that did nothing, and be resumed as one.
  const transcript = scribe.whole ? writeTranscript(scribe.steps, files) : null;
  const small =
    transcript !== null && byteLength(transcript) <= storeLimits.transcriptInlineBytesMax;
  const [written] = await Promise.all([
    end.status === "succeeded"
      ? putOnce(
          env.OBJECTS,
          objectKeys.result(task.tenant, task.id, task.fence),
          result,
          "application/json",
        )
      : null,
    small || transcript === null
      ? null
      : putOnce(
          env.OBJECTS,
          objectKeys.transcript(task.tenant, task.id, task.fence),
          transcript,
          "application/x-ndjson",
        ),
  ]);
  const output = JSON.stringify(end.output);
  const last = scribe.steps.at(-1);
  const error =
    end.error === null || last === undefined
      ? end.error
      : await withUncertain(env.DB, task, scribe.steps, {
          ...end.error,
          last_step: `${last.seq} ${last.name}`,
          ...draftOf(scribe.steps),
        });
  return settle(env.DB, ownerOf(task), {
    status: end.status,
    reason: end.reason,
    usageJson: JSON.stringify(usage),
    quirksJson: JSON.stringify(quirksOf(scribe)),
    outputJson:
      end.output !== null && byteLength(output) <= storeLimits.outputInlineBytesMax ? output : null,
    errorJson: error === null ? null : JSON.stringify(error),
    attemptErrorJson:
      end.failedAttempt && end.error !== null ? attemptError(end.error, task) : null,
    result: written,
    transcript: small ? transcript : null,
    charges: scribe.kept,
    charged: uncharged(scribe.steps, task.charged_seq),
    journaled: scribe.journaled,
  });
}

const ownerOf = (task: TaskRow): Claim => ({ id: task.id, fence: task.fence });

/** Only what is worth another try counts as one, so that is its class where none is named. */
function attemptError(
  failed: { code: string; message: string; class?: string },
  task: TaskRow,
): string {
  const { code, message, class: kind = "retry" } = failed;
  return JSON.stringify({
    attempt: task.attempt + 1,
    fence: task.fence,
    code,
    class: kind,
    message,
  });
}

/** The words for what was mended, each once, in the order of their first use. */
export function quirksOf(scribe: JournalWriter): string[] {
  const quirks = scribe.steps.flatMap(({ payload }) =>
    payload.kind === "model" ? stepQuirks(payload) : [],
  );
  return [...new Set(quirks)];
}
