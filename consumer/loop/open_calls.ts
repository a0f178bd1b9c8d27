/** Answers the calls of the last reply that have no outcome yet. */
import { failure } from "../../shared/failures.ts";
import type { StepCall } from "../../shared/step.ts";
import { finalAnswerName } from "../tools/catalog.ts";
import { unwrap } from "./answer.ts";
import { budgetMessage, millisecondsLeft, toolCallsLeft } from "./budget.ts";
import type { Conversation } from "./conversation.ts";
import type { Draft } from "./scribe.ts";
import { type Hands, intent, refusal, runCall } from "./tool_calls.ts";
import { type LoopEnd, type LoopSlice, type LoopTask, written } from "./turn.ts";

/** Runs what fits, and answers what does not. Calls that only read run together. */
export async function answerOpenCalls(
  task: LoopTask,
  slice: LoopSlice,
  open: Conversation["open"],
): Promise<LoopEnd | null> {
  const { scribe, hands } = slice;
  const uncertain = open.find((entry) => entry.intent);
  if (uncertain !== undefined) return uncertainEffect(uncertain.call);
  const calls = open.map((entry) => entry.call);
  const first = calls[0];
  if (first === undefined) return null;
  if (first.name === finalAnswerName) {
    return { kind: "answered", output: unwrap(task.form, first.arguments ?? {}) };
  }
  const left = toolCallsLeft(scribe.used, task.bounds);
  if (left.spent !== null) {
    const text = `Not run: ${budgetMessage(left.spent, task.bounds)} Call ${finalAnswerName} now.`;
    return await answerUnrun(slice, calls, text);
  }
  const base = scribe.nextSeq;
  if (hands.tools.get(first.name)?.effect === "effect") {
    const stopped = written(await scribe.write([intent(first, base)], null));
    if (stopped !== null) return stopped;
  }
  const together = readsTogether(hands, calls).slice(0, left.count);
  const drafts = await hands.within(millisecondsLeft(scribe.used, task.bounds), () =>
    Promise.all(together.map((call, n) => runCall(hands, call, base + n))),
  );
  if (slice.signal.aborted) return { kind: "lost" };
  return await journal(slice, drafts, base);
}

/** What the engine broke is no outcome: it is counted and not journaled, and runs again in the next attempt. */
async function journal(
  { scribe, hands }: LoopSlice,
  drafts: readonly Draft[],
  base: number,
): Promise<LoopEnd | null> {
  const egress = { seq: base, rows: hands.drainEgress() };
  const fault = hands.fault();
  if (fault === null) return written(await scribe.write(drafts, egress));
  for (const draft of drafts) scribe.charge(draft.spent);
  const stopped = written(await scribe.write([], egress));
  return stopped ?? { kind: "broke", failure: failure("sandbox_fault", fault) };
}

/** Answers, in one write, every call before an answer that stands among them. They cost nothing. */
async function answerUnrun(
  { scribe }: LoopSlice,
  calls: readonly StepCall[],
  text: string,
): Promise<LoopEnd | null> {
  const answer = calls.findIndex((call) => call.name === finalAnswerName);
  const unrun = calls.slice(0, answer === -1 ? calls.length : answer);
  const base = scribe.nextSeq;
  const drafts = unrun.map((call, n) => refusal(call, base + n, text, {}));
  return written(await scribe.write(drafts, null));
}

function uncertainEffect(call: StepCall): LoopEnd {
  return {
    kind: "failed",
    reason: "uncertain_effect",
    code: "effect_uncertain",
    message: `${call.name} was started and its outcome is unknown, so it is not started again. Check what it did, then redrive the task.`,
  };
}

/** The leading calls that may run at once: all of them while they only read, else the first alone. */
function readsTogether(hands: Hands, calls: readonly StepCall[]): StepCall[] {
  const stop = calls.findIndex((call) => hands.tools.get(call.name)?.effect !== "read");
  return calls.slice(0, Math.max(1, stop === -1 ? calls.length : stop));
}
