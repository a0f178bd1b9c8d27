/**
 * The bounded loop: fold the journal into a conversation, answer what is open, else ask the model.
 * Each turn journals before anything is built on it, so any invocation can go on from any point.
 */
import type { StepCall } from "../../shared/step.ts";
import { finalAnswerName } from "../tools/catalog.ts";
import { unwrap } from "./answer.ts";
import { askModel } from "./ask.ts";
import { budgetMessage, toolCallFits } from "./budget.ts";
import { type Conversation, foldConversation } from "./conversation.ts";
import { type Hands, intent, refusal, runCall } from "./tool_calls.ts";
import { type Brain, type LoopEnd, type LoopSlice, type LoopTask, written } from "./turn.ts";

export async function runLoop(task: LoopTask, brain: Brain, slice: LoopSlice): Promise<LoopEnd> {
  for (;;) {
    if (slice.signal.aborted) return { kind: "lost" };
    const talk = foldConversation(task.opening, slice.scribe.steps);
    const end =
      talk.open.length > 0
        ? await answerOpenCalls(task, slice, talk.open)
        : await askModel(task, brain, slice, talk);
    if (end !== null) return end;
  }
}

/** Runs the calls that have no outcome yet. Calls that only read run together. */
async function answerOpenCalls(
  task: LoopTask,
  slice: LoopSlice,
  open: Conversation["open"],
): Promise<LoopEnd | null> {
  const { scribe, hands } = slice;
  const uncertain = open.find((entry) => entry.intent);
  if (uncertain !== undefined) {
    return {
      kind: "failed",
      reason: "uncertain_effect",
      code: "effect_uncertain",
      message: `${uncertain.call.name} was started and its outcome is unknown, so it is not started again. Check what it did, then redrive the task.`,
    };
  }
  const calls = open.map((entry) => entry.call);
  const first = calls[0];
  if (first === undefined) return null;
  if (first.name === finalAnswerName) {
    return { kind: "answered", output: unwrap(task.form, first.arguments ?? {}) };
  }
  const spent = toolCallFits(scribe.used, task.bounds);
  if (spent !== null) {
    const text = `Not run: ${budgetMessage(spent, task.bounds)} Call ${finalAnswerName} now.`;
    return written(await scribe.write([refusal(first, scribe.nextSeq, text, Date.now())], null));
  }
  const together = readsTogether(hands, calls);
  const base = scribe.nextSeq;
  if (hands.tools.get(first.name)?.effect === "effect") {
    const stopped = written(await scribe.write([intent(first, base)], null));
    if (stopped !== null) return stopped;
  }
  const drafts = await Promise.all(together.map((call, n) => runCall(hands, call, base + n)));
  if (slice.signal.aborted) return { kind: "lost" };
  return written(await scribe.write(drafts, { seq: base, rows: hands.drainEgress() }));
}

/** The leading calls that may run at once: all of them while they only read, else the first alone. */
function readsTogether(hands: Hands, calls: readonly StepCall[]): StepCall[] {
  const stop = calls.findIndex((call) => hands.tools.get(call.name)?.effect !== "read");
  return calls.slice(0, Math.max(1, stop === -1 ? calls.length : stop));
}
