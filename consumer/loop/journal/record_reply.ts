/** Handles a reply: it holds the answer, or it is journaled together with its rejected calls. */

import type { Call, Reply, ReplyUsage } from "../../../shared/models/model.ts";
import type { Quirk } from "../../../shared/models/quirks.ts";
import type { ModelPayload, RawReply, StepCall } from "../../../shared/task/step.ts";
import { findAnswer } from "../answer/find_answer.ts";
import { stepsLeft } from "../budget/allowance.ts";
import { rejectedStep } from "../calls/run_call.ts";
import { endAfterWrite, type LoopEnd } from "../loop_end.ts";
import type { LoopSlice, LoopTask } from "../loop_slice.ts";
import type { ModelClient } from "../model_client.ts";
import type { Plan } from "../plan.ts";
import type { StepDraft } from "./journal_writer.ts";

/** A model call that has ended, with a reply or a failure. */
export interface CompletedCall {
  model: ModelClient;
  plan: Plan & { kind: "call" };
  startedAt: number;
  raw?: RawReply | undefined;
}

/** The part of the payload that replies and failures share. */
export function payloadHead({ model, plan, raw }: CompletedCall, quirks: readonly Quirk[]) {
  const allQuirks: Quirk[] = [...quirks];
  if (plan.compaction !== null) allQuirks.push("outputs_elided");
  if (plan.cause === "repetition") allQuirks.push("calls_went_in_circles");
  return {
    kind: "model" as const,
    model: model.id,
    offered: plan.offered,
    ...(plan.cause === null ? {} : { because: plan.cause }),
    ...(plan.compaction === null ? {} : { compaction: plan.compaction }),
    ...(plan.forced ? { forced: true as const } : {}),
    estimate: plan.estimate,
    ...(raw === undefined ? {} : { raw }),
    ...(allQuirks.length === 0 ? {} : { quirks: allQuirks }),
  };
}

/** Journals a reply with its rejected calls, or holds it until its calls have run, or ends the task with its answer. */
export async function recordReply(
  task: LoopTask,
  { journal }: LoopSlice,
  call: CompletedCall,
  reply: Reply,
): Promise<LoopEnd | null> {
  const { model, plan, startedAt } = call;
  const seq = journal.nextSeq;
  const calls = reply.calls.map(toStepCall);
  const answer = findAnswer(task.form, plan.offered, reply, calls);
  const quirks: string[] = [...reply.quirks];
  if (answer?.inText === true) quirks.push("answer_in_text" satisfies Quirk);
  if (model.isFallback) quirks.push("fallback_model" satisfies Quirk);
  const { text, reasoning, finish } = reply;
  const payload: ModelPayload = {
    ...payloadHead(call, []),
    reply: { text, reasoning, calls, finish, quirks },
    failure: null,
    ...(answer !== null && calls.length === 0 ? { answered: true } : {}),
    ...(task.toolPin === undefined ? {} : { extras: task.toolPin }),
    usage: billedUsage(model, reply.usage),
  };
  const spent = { ...payload.usage, steps: 1, model_calls: 1 };
  const step: StepDraft = { seq, name: model.id, status: "done", startedAt, payload, spent };
  if (answer !== null) {
    journal.hold(step);
    return { kind: "answered", output: answer.output };
  }
  const countedMax = stepsLeft(journal.used, task.bounds) - 1;
  const rejections = calls
    .filter(({ problem }) => problem !== null)
    .map((rejectedCall, n) =>
      rejectedStep(
        rejectedCall,
        seq + 1 + n,
        rejectedCall.problem ?? "",
        n < countedMax ? { steps: 1 } : {},
      ),
    );
  // The calls that run are written with the reply, as one turn.
  if (rejections.length < calls.length) {
    for (const draft of [step, ...rejections]) journal.hold(draft);
    return null;
  }
  return endAfterWrite(await journal.write([step, ...rejections], null));
}

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

export function billedUsage(model: ModelClient, usage: ReplyUsage): ModelPayload["usage"] {
  const unpricedTokens = model.isPriced(usage) ? 0 : usage.prompt_tokens + usage.completion_tokens;
  return {
    prompt_tokens: usage.prompt_tokens,
    cached_tokens: usage.cached_tokens,
    completion_tokens: usage.completion_tokens,
    ...(unpricedTokens === 0 ? {} : { unpriced_tokens: unpricedTokens }),
    cost_usd: model.costOf(usage),
  };
}
