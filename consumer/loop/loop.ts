/**
 * The bounded loop: fold the journal into a conversation, answer what is open, else ask the model.
 * Each turn journals before anything is built on it, so any invocation can go on from any point.
 */
import type { FailureCode } from "../../shared/failures.ts";
import { askModel } from "./ask_model.ts";
import { windowOf } from "./conversation/compaction.ts";
import { foldConversation } from "./conversation/conversation.ts";
import type { LoopEnd, LoopSlice, LoopTask, ModelClient } from "./loop_end.ts";
import { answerOpenCalls } from "./calls/open_calls.ts";

/**
 * Works with the first model, and with the next for as long as each breaks. The history is nobody's
 * own, so the next goes on where the last stopped. When none helps, the first one's failure decides:
 * a fallback can help a task, and never costs it an attempt or a wait that it would not have had.
 */
export async function runLoop(
  task: LoopTask,
  brains: readonly [ModelClient, ...ModelClient[]],
  slice: LoopSlice,
): Promise<LoopEnd> {
  let first: LoopEnd | null = null;
  for (const brain of brains) {
    const end = await turns(task, brain, slice);
    const passable = first === null ? passing : [...passing, ...lasting];
    if (end.kind !== "broke" || !passable.includes(end.failure.code)) return end;
    first ??= end;
  }
  return first ?? { kind: "yielded" };
}

async function turns(task: LoopTask, brain: ModelClient, slice: LoopSlice): Promise<LoopEnd> {
  const { scribe } = slice;
  for (;;) {
    if (slice.signal.aborted) return { kind: "lost" };
    // A slice that opened late still does one turn, or none would ever get anywhere.
    if (scribe.progressed && scribe.elapsedMs >= slice.sliceMs) return { kind: "yielded" };
    const manner = { ...task, model: brain.model };
    const talk = foldConversation(task.opening, scribe.steps, manner);
    const end =
      talk.open.length > 0
        ? await answerOpenCalls(
            task,
            slice,
            talk.open,
            windowOf(scribe.steps, brain.model, brain.windowTokens),
          )
        : await askModel(task, brain, slice, talk);
    if (end !== null) return end;
  }
}

/** The failures that another model may not have. */
const passing: readonly FailureCode[] = [
  "model_busy",
  "model_quota",
  "model_unavailable",
  "model_deadline",
  "model_unreadable",
];

/** What the task's own model refuses as wrong is wrong; from a fallback it only says that this one is no help. */
const lasting: readonly FailureCode[] = [
  "model_overflow",
  "model_rejected",
  "model_refused",
  "model_unconfigured",
];
