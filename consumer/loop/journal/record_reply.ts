/** What becomes of a reply: the answer that it holds, or a journaled turn with the calls it refuses. */
import type { ModelPayload, Offered, RawReply, StepCall } from "../../../shared/step.ts";
import type { Call, Reply, ReplyUsage } from "../../models/model.ts";
import type { Quirk } from "../../models/quirks.ts";
import { finalAnswerName } from "../../tools/catalog.ts";
import { argumentsOf, jsonInText, unwrap, valuesInText } from "../answer/answer_form.ts";
import { stepsLeft } from "../budget/allowance.ts";
import type { StepDraft } from "./journal_writer.ts";
import {
  endAfterWrite,
  type LoopEnd,
  type LoopSlice,
  type LoopTask,
  type ModelClient,
} from "../loop_end.ts";
import type { Plan } from "../plan.ts";
import { refusedStep } from "../calls/run_call.ts";

/** A model call that was made. */
export interface Made {
  brain: ModelClient;
  plan: Plan & { kind: "call" };
  startedAt: number;
  raw?: RawReply | undefined;
}

/** The journal's head of a model call, whatever became of it. */
export function callHead({ brain, plan, raw }: Made, quirks: readonly Quirk[]) {
  const odd: Quirk[] = [...quirks];
  if (plan.compaction !== null) odd.push("outputs_elided");
  if (plan.because === "repetition") odd.push("calls_went_in_circles");
  return {
    kind: "model" as const,
    model: brain.model,
    offered: plan.offered,
    ...(plan.because === null ? {} : { because: plan.because }),
    ...(plan.compaction === null ? {} : { compaction: plan.compaction }),
    ...(plan.forced ? { forced: true as const } : {}),
    estimate: plan.estimate,
    ...(raw === undefined ? {} : { raw }),
    ...(odd.length === 0 ? {} : { quirks: odd }),
  };
}

/** Journals a reply with the calls it refuses, or ends the task with the answer that it holds. */
export async function recordReply(
  task: LoopTask,
  { scribe }: LoopSlice,
  made: Made,
  reply: Reply,
): Promise<LoopEnd | null> {
  const { brain, plan, startedAt } = made;
  const seq = scribe.nextSeq;
  const calls = reply.calls.map(toStepCall);
  const answer = answerIn(task, brain, plan.offered, reply, calls);
  const odd: Quirk[] = [];
  if (answer?.inText === true) odd.push("answer_in_text");
  if (brain.fallback) odd.push("fallback_model");
  const { text, reasoning, finish } = reply;
  const payload: ModelPayload = {
    ...callHead(made, []),
    reply: { text, reasoning, calls, finish, quirks: [...reply.quirks, ...odd] },
    failure: null,
    ...(task.extras === undefined ? {} : { extras: task.extras }),
    usage: billed(brain, reply.usage),
  };
  const spent = { ...payload.usage, steps: 1, model_calls: 1 };
  const step: StepDraft = { seq, name: brain.model, status: "done", startedAt, payload, spent };
  if (answer !== null) {
    scribe.keep(step);
    return { kind: "answered", output: answer.output };
  }
  const countedMax = stepsLeft(scribe.used, task.bounds) - 1;
  const refusals = calls
    .filter((call) => call.problem !== null)
    .map((call, n) =>
      refusedStep(call, seq + 1 + n, call.problem ?? "", n < countedMax ? { steps: 1 } : {}),
    );
  return endAfterWrite(await scribe.write([step, ...refusals], null));
}

/** The answer in a reply: its only call is a valid `final_answer`, or its text is one by itself. */
function answerIn(
  task: LoopTask,
  brain: ModelClient,
  offered: Offered,
  reply: Reply,
  calls: readonly StepCall[],
): { output: unknown; inText: boolean } | null {
  const only = calls.length === 1 ? calls[0] : undefined;
  if (only?.name === finalAnswerName && only.problem === null && only.arguments !== null) {
    return { output: unwrap(task.form, only.arguments), inText: false };
  }
  if (calls.length > 0 || !isWhole(reply) || reply.text.trim() === "") return null;
  if (task.form.plainText) return { output: { text: reply.text.trim() }, inText: true };
  const asked = offered === "json" || offered === "text";
  const candidates = asked ? valuesInText(reply.text) : [jsonInText(reply.text)];
  const fit = candidates.flatMap((value) => {
    const args = argumentsOf(task.form, value, (schema, inner) => brain.validate(schema, inner));
    return args === null ? [] : [{ output: unwrap(task.form, args), inText: !asked }];
  });
  return fit[0] ?? null;
}

/** A reply that was cut, filtered or lost in repetition is no answer, however its text reads. */
const isWhole = (reply: Reply): boolean =>
  reply.finish !== "length" &&
  reply.finish !== "filtered" &&
  !reply.quirks.includes("text_repeats" satisfies Quirk);

function toStepCall(call: Call): StepCall {
  return {
    id: call.id,
    provider_id: call.providerId,
    name: call.name,
    arguments_text: call.argumentsText,
    arguments: call.arguments,
    problem: call.problem,
  };
}

export function billed(brain: ModelClient, usage: ReplyUsage): ModelPayload["usage"] {
  const unpriced = brain.isPriced(usage) ? 0 : usage.prompt_tokens + usage.completion_tokens;
  return {
    prompt_tokens: usage.prompt_tokens,
    cached_tokens: usage.cached_tokens,
    completion_tokens: usage.completion_tokens,
    ...(unpriced === 0 ? {} : { unpriced_tokens: unpriced }),
    cost_usd: brain.costOf(usage),
  };
}
