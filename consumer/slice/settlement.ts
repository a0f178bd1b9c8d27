/** The settlement of a task: its result, its transcript, its error, and the one write that ends it. */

import { byteLength, objectKeys, putOnce } from "../../shared/files/objects.ts";
import { storeLimits } from "../../shared/limits.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { Usage } from "../../shared/spend/usage.ts";
import { writeSettlement } from "../../shared/store/tasks/settlements.ts";
import { splitParts } from "../../shared/store/tasks/task_body.ts";
import type { TaskRow } from "../../shared/store/tasks/task_row.ts";
import { type QualitySummary, qualityView } from "../../shared/task/quality_summary.ts";
import { type Step, stepQuirks } from "../../shared/task/step.ts";
import { type Manifest, writeTranscript } from "../../shared/task/transcript.ts";
import type { ConsumerEnv } from "../config/env.ts";
import { findDraft } from "../loop/answer/draft.ts";
import { type SettledOutcome, settledOutcome, type TaskError } from "./outcome.ts";
import type { SliceResult } from "./run_slice.ts";
import { unchargedSpend } from "./spend.ts";
import { addUncertainEffect } from "./uncertain_effect.ts";

/** The outcome as it was settled: a result that is too large fails the task. */
interface SettlementEnd {
  outcome: SettledOutcome;
  othersWait: boolean;
}

/** Stores result and transcript first, each put once under this fence, then writes the row that refers to them. */
export async function settleTask(
  env: ConsumerEnv,
  task: TaskRow,
  { journal, workspace, quality }: SliceResult,
  proposedOutcome: SettledOutcome,
): Promise<Result<SettlementEnd, "fence_lost">> {
  const files = await workspace.manifest();
  const usage = journal.used;
  const resultText = formatResult(task, proposedOutcome, usage, files, quality);
  const outcome = checkResultSize(proposedOutcome, byteLength(resultText));
  // An incomplete transcript would look like a run that did nothing, and be resumed as one.
  const transcript = journal.isComplete ? writeTranscript(journal.steps, files) : null;
  const error = await completeError(env.DB, task, journal.steps, outcome.error);
  const { output, status, reason } = outcome;
  const outputText = JSON.stringify(output);
  const isOutputInline =
    output !== null && byteLength(outputText) <= storeLimits.outputInlineBytesMax;
  const parts = splitParts({
    spec: task.spec,
    transcript,
    output: isOutputInline ? outputText : null,
    error: error === null ? null : JSON.stringify(error),
  });
  const { tenant, id, fence } = task;
  const [result] = await Promise.all([
    outcome.status === "succeeded"
      ? putOnce(env.OBJECTS, objectKeys.result(tenant, id, fence), resultText, "application/json")
      : null,
    parts.hasTranscript || transcript === null
      ? null
      : putOnce(
          env.OBJECTS,
          objectKeys.transcript(tenant, id, fence),
          transcript,
          "application/x-ndjson",
        ),
  ]);
  const failedAttempt = outcome.isFailedAttempt ? outcome.error : null;
  const settlement = await writeSettlement(
    env.DB,
    { id, fence },
    {
      status,
      reason,
      usageJson: JSON.stringify(usage),
      quirksJson: JSON.stringify(listQuirks(journal.steps)),
      outputJson: parts.output,
      errorJson: parts.error,
      body: parts.bytes,
      attemptErrorJson: failedAttempt === null ? null : attemptError(failedAttempt, task),
      result,
      qualityJson: quality === null ? null : JSON.stringify(quality),
      charges: journal.heldCharges,
      ledger: unchargedSpend(journal.steps, task.charged_seq),
      journaled: journal.mayHaveRows,
    },
  );
  return settlement.ok ? ok({ outcome, othersWait: settlement.value.othersWait }) : settlement;
}

function formatResult(
  task: TaskRow,
  { status, reason, output }: SettledOutcome,
  usage: Usage,
  files: Manifest,
  quality: QualitySummary | null,
): string {
  const fileEntries = Object.entries(files).map(([path, { bytes, sha256 }]) => [
    path,
    { bytes, sha256 },
  ]);
  return JSON.stringify({
    id: task.id,
    status,
    reason,
    custom_id: task.custom_id,
    model: quality?.model ?? task.model,
    attempt: task.attempt,
    usage,
    output,
    ...(quality === null ? {} : qualityView(quality)),
    files: Object.fromEntries(fileEntries),
  });
}

function checkResultSize(outcome: SettledOutcome, bytes: number): SettledOutcome {
  if (outcome.status !== "succeeded" || bytes <= storeLimits.resultBytesMax) return outcome;
  const message = `The result is ${bytes} bytes; a result may hold ${storeLimits.resultBytesMax}. Let the task write a file instead.`;
  return settledOutcome("failed", "invalid_output", { code: "result_too_large", message });
}

/** The error with what the journal knows of it: the last step, the draft, an effect without an outcome. */
async function completeError(
  db: D1Database,
  task: TaskRow,
  steps: readonly Step[],
  error: TaskError | null,
): Promise<TaskError | null> {
  const last = steps.at(-1);
  if (error === null || last === undefined) return error;
  const lastStep = `${last.seq} ${last.name}`;
  return addUncertainEffect(db, task, steps, {
    ...error,
    last_step: lastStep,
    ...findDraft(steps),
  });
}

/** The class defaults to retry: only such failures count as attempts. */
export function attemptError(
  { code, message, class: kind = "retry" }: { code: string; message: string; class?: string },
  { attempt, fence }: TaskRow,
): string {
  return JSON.stringify({ attempt: attempt + 1, fence, code, class: kind, message });
}

/** The quirks of the models' replies, each once, in the order of their first use. */
export function listQuirks(steps: readonly Step[]): string[] {
  const quirks = steps.flatMap(({ payload }) =>
    payload.kind === "model" ? stepQuirks(payload) : [],
  );
  return [...new Set(quirks)];
}
