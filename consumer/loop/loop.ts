/**
 * The bounded loop: rebuild the conversation from the journal, then run the open calls or call the model.
 * Each turn is journaled before the next one builds on it, so any invocation can continue from any point.
 */
import type { FailureCode } from "../../shared/task/failures.ts";
import { findWaitingAnswer } from "./answer/find_answer.ts";
import { askModel } from "./ask_model.ts";
import { answerOpenCalls } from "./calls/open_calls.ts";
import { windowOf } from "./conversation/compaction.ts";
import { foldConversation } from "./conversation/conversation.ts";
import type { LoopEnd } from "./loop_end.ts";
import type { LoopSlice, LoopTask } from "./loop_slice.ts";
import type { ModelClient } from "./model_client.ts";

/**
 * Works with the first model, and with the next one when a model fails. All share one history, so the next
 * model continues where the last one stopped. When none succeeds, the first failure decides: a fallback
 * never costs a task an attempt or a wait that it would not have had without it.
 */
export async function runLoop(
  task: LoopTask,
  models: readonly [ModelClient, ...ModelClient[]],
  slice: LoopSlice,
): Promise<LoopEnd> {
  let first: LoopEnd | null = null;
  const hasFallbacks = models.length > 1;
  for (const model of models) {
    const end = await runTurns(task, model, { ...slice, hasFallbacks });
    const codes = first === null ? fallbackCodes : [...fallbackCodes, ...fallbackOnlyCodes];
    if (end.kind !== "failure" || !codes.includes(end.failure.code)) return end;
    first ??= end;
  }
  return first ?? { kind: "yielded" };
}

async function runTurns(task: LoopTask, model: ModelClient, slice: LoopSlice): Promise<LoopEnd> {
  const { journal } = slice;
  for (;;) {
    if (slice.signal.aborted) return { kind: "lost" };
    // A slice that opened late still does one turn, or the task might never progress.
    if (journal.hasProgressed && journal.elapsedMs >= slice.sliceMs) return { kind: "yielded" };
    const answer = findWaitingAnswer(task.form, journal.steps);
    if (answer !== null) return { kind: "answered", output: answer.output };
    slice.memory?.share.hold(slice.memory.taskBytes());
    if (journal.hasProgressed && slice.memory?.share.mustYield === true) return { kind: "yielded" };
    const options = { ...task, model: model.id };
    const conversation = foldConversation(task.opening, journal.steps, options);
    const { openCalls } = conversation;
    const windowTokens = windowOf(journal.steps, model.id, model.windowTokens);
    const end =
      openCalls.length > 0
        ? await answerOpenCalls(task, slice, openCalls, windowTokens)
        : await askModel(task, model, slice, conversation);
    if (end !== null) return end;
  }
}

/** The failures that another model might not have. */
const fallbackCodes: readonly FailureCode[] = [
  "model_busy",
  "model_loading",
  "model_quota",
  "model_unpaid",
  "model_interrupted",
  "model_unavailable",
  "model_deadline",
  "model_unreadable",
];

/** From the task's own model, these end the task. From a fallback, they only rule out that fallback. */
const fallbackOnlyCodes: readonly FailureCode[] = [
  "model_overflow",
  "model_rejected",
  "model_not_found",
  "model_refused",
  "model_unconfigured",
];
