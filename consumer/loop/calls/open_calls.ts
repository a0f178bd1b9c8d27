/** Answers the calls of the last reply that have no outcome yet. */
import { failure } from "../../../shared/failures.ts";
import { compactionLimits, modelLimits } from "../../../shared/limits.ts";
import type { Step, StepCall } from "../../../shared/step.ts";
import { finalAnswerName } from "../../tools/catalog.ts";
import { unwrap } from "../answer/answer_form.ts";
import { budgetMessage, toolCallsLeft, workMillisecondsLeft } from "../budget/allowance.ts";
import type { Conversation } from "../conversation/conversation.ts";
import { blockedText, loopNote } from "../conversation/prompt.ts";
import { isBlocked, isWarned } from "../conversation/repetition.ts";
import type { StepDraft } from "../journal/journal_writer.ts";
import { endAfterWrite, type LoopEnd, type LoopSlice, type LoopTask } from "../loop_end.ts";
import { intentStep, refusedStep, runCall, type ToolHost } from "./run_call.ts";

/** Runs what fits, and answers what does not. Calls that only read run together. */
export async function answerOpenCalls(
  task: LoopTask,
  slice: LoopSlice,
  open: Conversation["open"],
  windowTokens: number,
): Promise<LoopEnd | null> {
  const { scribe, hands } = slice;
  const begun = open.find((entry) => entry.intent !== null);
  if (begun !== undefined && task.onUncertain === "fail") return uncertainEffect(begun.call);
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
  // What was begun keeps its step and so its idempotency key. Its intent stands under the fence of the
  // claim that began it: another that dies here journals nothing, and so costs an attempt.
  const again = open[0]?.intent ?? null;
  if (again === null && isBlocked(scribe.recent, first)) return await answerBlocked(slice, first);
  const base = again?.seq ?? scribe.nextSeq;
  if (again === null && hands.tools.get(first.name)?.effect === "effect") {
    const stopped = endAfterWrite(await scribe.write([intentStep(first, base)], null));
    if (stopped !== null) return stopped;
  }
  const together = readsTogether(hands, calls).slice(0, left.count);
  const how = {
    charsMax: outputCharsMax(windowTokens),
    readable: task.readable,
    begun: again !== null,
  };
  const drafts = await hands.within(workMillisecondsLeft(scribe.used, task.bounds), () =>
    Promise.all(together.map((call, n) => runCall(hands, call, base + n, how))),
  );
  if (slice.signal.aborted) return { kind: "lost" };
  return await journal(slice, warned(scribe.recent, drafts), base);
}

/** A small window holds only small outputs; the rest of a larger one is read in parts. */
const outputCharsMax = (windowTokens: number): number =>
  Math.min(
    modelLimits.toolOutputCharsMax,
    Math.max(
      compactionLimits.outputCharsMin,
      Math.floor(windowTokens * compactionLimits.outputCharsPerWindowToken),
    ),
  );

/** The drafts, with a word to the model where one of them closes a round too many. */
function warned(steps: readonly Step[], drafts: readonly StepDraft[]): StepDraft[] {
  const seen: Pick<Step, "status" | "payload">[] = [...steps];
  return drafts.map((draft) => {
    seen.push(draft);
    const { payload } = draft;
    if (payload.kind !== "tool" || !isWarned(seen)) return draft;
    return { ...draft, payload: { ...payload, note: loopNote } };
  });
}

/** A call that goes round in circles is answered without running. It costs a step, so that it has an end. */
async function answerBlocked({ scribe }: LoopSlice, call: StepCall): Promise<LoopEnd | null> {
  const draft = refusedStep(call, scribe.nextSeq, blockedText, { steps: 1 }, { blocked: true });
  return endAfterWrite(await scribe.write([draft], null));
}

/** What the engine broke is no outcome: it is counted and not journaled, and runs again in the next attempt. */
async function journal(
  { scribe, hands }: LoopSlice,
  drafts: readonly StepDraft[],
  base: number,
): Promise<LoopEnd | null> {
  const egress = { seq: base, rows: hands.drainEgress() };
  const fault = hands.fault();
  if (fault === null) return endAfterWrite(await scribe.write(drafts, egress));
  for (const draft of drafts) scribe.charge(draft.spent);
  const stopped = endAfterWrite(await scribe.write([], egress));
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
  const drafts = unrun.map((call, n) => refusedStep(call, base + n, text, {}));
  return endAfterWrite(await scribe.write(drafts, null));
}

/** The settlement adds what is known of it. */
function uncertainEffect(call: StepCall): LoopEnd {
  return {
    kind: "failed",
    reason: "uncertain_effect",
    code: "effect_uncertain",
    message: `${call.name} was started and its outcome is unknown, so it is not started again.`,
  };
}

/** The leading calls that may run at once: all of them while they only read, else the first alone. */
function readsTogether(hands: ToolHost, calls: readonly StepCall[]): StepCall[] {
  const stop = calls.findIndex((call) => hands.tools.get(call.name)?.effect !== "read");
  return calls.slice(0, Math.max(1, stop === -1 ? calls.length : stop));
}
