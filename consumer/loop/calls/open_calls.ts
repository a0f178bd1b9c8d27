/** Answers the calls of the last reply that have no outcome yet. */

import { compactionLimits, modelLimits } from "../../../shared/limits.ts";
import { addUsage } from "../../../shared/spend/usage.ts";
import { failure } from "../../../shared/task/failures.ts";
import type { Step, StepCall } from "../../../shared/task/step.ts";
import { finalAnswerName } from "../../tools/catalog.ts";
import { budgetMessage, toolCallsLeft, workMillisecondsLeft } from "../budget/allowance.ts";
import type { OpenCall } from "../conversation/conversation.ts";
import { blockedText, loopNote } from "../conversation/prompt.ts";
import { isBlocked, needsWarning } from "../conversation/repetition.ts";
import type { StepDraft } from "../journal/journal_writer.ts";
import { endAfterWrite, type LoopEnd } from "../loop_end.ts";
import type { LoopSlice, LoopTask } from "../loop_slice.ts";
import { permitCall } from "./permit_call.ts";
import { intentStep, rejectedStep, runCall } from "./run_call.ts";

/** Runs the calls that fit the budgets and answers the others. Calls that only read run in parallel. */
export async function answerOpenCalls(
  task: LoopTask,
  slice: LoopSlice,
  openCalls: readonly OpenCall[],
  windowTokens: number,
): Promise<LoopEnd | null> {
  const { journal, toolHost } = slice;
  const startedCall = openCalls.find(({ intent }) => intent !== null);
  if (startedCall !== undefined && task.onUncertain === "fail")
    return uncertainEffect(startedCall.call);
  const calls = openCalls.map(({ call }) => call);
  const first = calls[0];
  if (first === undefined) return null;
  const callsLeft = toolCallsLeft(addUsage(journal.used, task.reserved), task.bounds);
  if (callsLeft.exhausted !== null) {
    const message = budgetMessage(callsLeft.exhausted, task.bounds);
    return await rejectCalls(slice, calls, `Not run: ${message} Call ${finalAnswerName} now.`);
  }
  // A call that is started again keeps its step, and so its idempotency key. Its intent keeps the fence of
  // the claim that started it: if this worker dies too, it has journaled nothing, which costs an attempt.
  const intent = openCalls[0]?.intent ?? null;
  if (intent === null && isBlocked(journal.stepsOfRun, first))
    return await rejectLoop(slice, first);
  // Also for a call that is started again: a person may have approved it with other arguments.
  const permitted = await permitCall(slice, first);
  if ("end" in permitted) return permitted.end;
  const seq = intent?.seq ?? journal.nextSeq;
  if (intent === null && toolHost.tools.get(first.name)?.effect === "effect") {
    const end = endAfterWrite(await journal.write([intentStep(permitted.call, seq)], null));
    if (end !== null) return end;
  }
  const parallel = [permitted.call, ...parallelReads(slice, calls).slice(1, callsLeft.count)];
  const options = {
    charsMax: outputCharsMax(windowTokens),
    canReadFiles: task.canReadFiles,
    hasIntent: intent !== null,
    isApproved: permitted.isApproved ?? false,
  };
  const drafts = await toolHost.runWithin(workMillisecondsLeft(journal.used, task.bounds), () =>
    Promise.all(parallel.map((call, n) => runCall(toolHost, call, seq + n, options))),
  );
  if (slice.signal.aborted) return { kind: "lost" };
  if (permitted.preface !== undefined) addPreface(drafts[0], permitted.preface);
  return await writeOutcomes(slice, addWarnings(journal.stepsOfRun, drafts), seq);
}

/** The model reads which arguments a person changed. */
function addPreface(draft: StepDraft | undefined, preface: string): void {
  if (draft?.payload.kind === "tool") draft.payload.text = `${preface}\n\n${draft.payload.text}`;
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

/** Adds a warning to the result that completes one round too many of a loop. */
function addWarnings(steps: readonly Step[], drafts: readonly StepDraft[]): StepDraft[] {
  const previousSteps: Pick<Step, "status" | "payload">[] = [...steps];
  return drafts.map((draft) => {
    previousSteps.push(draft);
    const { payload } = draft;
    if (payload.kind !== "tool" || !needsWarning(previousSteps)) return draft;
    return { ...draft, payload: { ...payload, note: loopNote } };
  });
}

/** Answers a call of a loop without running it. It costs a step, so that the loop ends. */
async function rejectLoop({ journal }: LoopSlice, call: StepCall): Promise<LoopEnd | null> {
  const draft = rejectedStep(call, journal.nextSeq, blockedText, { steps: 1 }, { blocked: true });
  return endAfterWrite(await journal.write([draft], null));
}

/** Outcomes that the engine itself broke are counted but not journaled: the next attempt runs the calls again. */
async function writeOutcomes(
  { journal, toolHost }: LoopSlice,
  drafts: readonly StepDraft[],
  seq: number,
): Promise<LoopEnd | null> {
  const egress = { seq, rows: toolHost.drainEgress() };
  const fault = toolHost.sandboxFault();
  if (fault === null) return endAfterWrite(await journal.write(drafts, egress));
  for (const draft of drafts) journal.addUsage(draft.spent);
  const end = endAfterWrite(await journal.write([], egress));
  return end ?? { kind: "failure", failure: failure("sandbox_fault", fault) };
}

/** Answers every call before a `final_answer` in one write. They cost nothing. */
async function rejectCalls(
  { journal }: LoopSlice,
  calls: readonly StepCall[],
  text: string,
): Promise<LoopEnd | null> {
  const answer = calls.findIndex(({ name }) => name === finalAnswerName);
  const rejectedCalls = calls.slice(0, answer === -1 ? calls.length : answer);
  const seq = journal.nextSeq;
  const drafts = rejectedCalls.map((call, n) => rejectedStep(call, seq + n, text, {}));
  return endAfterWrite(await journal.write(drafts, null));
}

/** The settlement adds what is known about the effect. */
function uncertainEffect(call: StepCall): LoopEnd {
  return {
    kind: "failed",
    reason: "uncertain_effect",
    code: "effect_uncertain",
    message: `${call.name} was started and its outcome is unknown, so it is not started again.`,
  };
}

/** The leading calls that may run in parallel: as long as they only read and need no approval, else only the first. */
function parallelReads({ toolHost, approvals }: LoopSlice, calls: readonly StepCall[]): StepCall[] {
  const stop = calls.findIndex(({ name, arguments: input }) => {
    const tool = toolHost.tools.get(name);
    return tool?.effect !== "read" || approvals.needs(tool, input);
  });
  return calls.slice(0, Math.max(1, stop === -1 ? calls.length : stop));
}
