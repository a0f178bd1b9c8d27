/** One model call: checked against the budgets, permitted, heard, journaled. */
import { classOf, type Failure } from "../../shared/failures.ts";
import { modelLimits, retryLimits } from "../../shared/limits.ts";
import type { Reason } from "../../shared/states.ts";
import type { ModelPayload, StepCall } from "../../shared/step.ts";
import type { Call, Message, Reply, ReplyUsage } from "../models/model.ts";
import { finalAnswerName } from "../tools/catalog.ts";
import { jsonInText, unwrap } from "./answer.ts";
import { allow, type Bounds, budgetMessage } from "./budget.ts";
import type { Conversation } from "./conversation.ts";
import { finishNow } from "./prompt.ts";
import { repetition } from "./repetition.ts";
import type { Draft, Scribe } from "./scribe.ts";
import { refusal } from "./tool_calls.ts";
import { type Brain, type LoopEnd, type LoopSlice, type LoopTask, written } from "./turn.ts";

/** Asks once. Null: the turn is journaled and the loop goes on. */
export async function askModel(
  task: LoopTask,
  brain: Brain,
  slice: LoopSlice,
  talk: Conversation,
): Promise<LoopEnd | null> {
  const { scribe } = slice;
  const stuck = noProgress(talk, scribe);
  if (stuck !== null) return stuck;
  if (scribe.elapsedMs >= slice.sliceMs) return { kind: "yielded" };

  const allowance = allow(scribe.used, task.bounds, {
    promptTokens: brain.estimateTokens(talk.messages, task.offers),
    outputTokensMax: brain.outputTokensMax,
    prices: brain.prices,
  });
  if (allowance.kind === "stop") return overBudget(allowance.reason, task.bounds);

  const permit = await brain.permit();
  if (!permit.ok) return await paused(slice, permit.failure);

  const last = allowance.offered === "final_answer";
  const startedAt = Date.now();
  const outcome = await brain.complete(
    {
      model: brain.model,
      taskId: task.id,
      messages: last ? withFinish(talk.messages) : talk.messages,
      tools: last ? [task.finalOffer] : task.offers,
      toolChoice: "auto",
      outputTokensMax: allowance.outputTokensMax,
      signal: slice.signal,
    },
    talk.modelSteps,
  );
  if (slice.signal.aborted) return { kind: "lost" };
  if (!outcome.ok) {
    return await failedCall(brain, slice, allowance.offered, outcome, startedAt);
  }
  return await heard(task, brain, slice, allowance.offered, outcome.reply, startedAt);
}

function withFinish(messages: readonly Message[]): Message[] {
  const told = messages.some((message) => message.content === finishNow);
  return told ? [...messages] : [...messages, { role: "user", content: finishNow }];
}

/** Journals a reply with the calls it refuses, or ends the task with the answer that it holds. */
async function heard(
  task: LoopTask,
  brain: Brain,
  slice: LoopSlice,
  offered: "tools" | "final_answer",
  reply: Reply,
  startedAt: number,
): Promise<LoopEnd | null> {
  const { scribe } = slice;
  const seq = scribe.nextSeq;
  const calls = reply.calls.map(toStepCall);
  const answer = answerIn(task, brain, reply, calls);
  const payload: ModelPayload = {
    kind: "model",
    model: brain.model,
    offered,
    reply: {
      text: reply.text,
      reasoning: reply.reasoning,
      calls,
      finish: reply.finish,
      quirks: answer?.quirk === undefined ? reply.quirks : [...reply.quirks, answer.quirk],
    },
    failure: null,
    usage: billed(brain, reply.usage),
  };
  const step: Draft = {
    seq,
    name: brain.model,
    status: "done",
    startedAt,
    payload,
    spent: { ...payload.usage, steps: 1, model_calls: 1 },
  };
  if (answer !== null) {
    scribe.keep(step);
    return { kind: "answered", output: answer.output };
  }
  const refusals = calls
    .filter((call) => call.problem !== null)
    .map((call, n) => refusal(call, seq + 1 + n, call.problem ?? "", Date.now()));
  return written(await scribe.write([step, ...refusals], null));
}

/** The answer in a reply: its only call is a valid `final_answer`, or its text is one by itself. */
function answerIn(
  task: LoopTask,
  brain: Brain,
  reply: Reply,
  calls: readonly StepCall[],
): { output: unknown; quirk?: string } | null {
  const only = calls.length === 1 ? calls[0] : undefined;
  if (only?.name === finalAnswerName && only.problem === null && only.arguments !== null) {
    return { output: unwrap(task.form, only.arguments) };
  }
  if (calls.length > 0 || reply.finish === "length" || reply.text.trim() === "") return null;
  if (task.form.plainText) return { output: { text: reply.text.trim() }, quirk: "answer_in_text" };
  const value = jsonInText(reply.text);
  const wrapped = task.form.wrapped ? { value } : value;
  if (value === undefined || brain.validate(task.form.schema, wrapped) !== null) return null;
  return { output: value, quirk: "answer_in_text" };
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

const nothingBilled = { prompt_tokens: 0, cached_tokens: 0, completion_tokens: 0, cost_usd: 0 };

function billed(brain: Brain, usage: ReplyUsage): ModelPayload["usage"] {
  return {
    prompt_tokens: usage.prompt_tokens,
    cached_tokens: usage.cached_tokens,
    completion_tokens: usage.completion_tokens,
    cost_usd: brain.costOf(usage),
  };
}

/** Journals a failed call. Being told to wait costs no budget; everything else counts as a call. */
async function failedCall(
  brain: Brain,
  slice: LoopSlice,
  offered: "tools" | "final_answer",
  { failure: failed, usage }: { failure: Failure; usage?: ReplyUsage },
  startedAt: number,
): Promise<LoopEnd | null> {
  const bill = usage === undefined ? nothingBilled : billed(brain, usage);
  const free = classOf(failed) === "give_back" || classOf(failed) === "wait";
  const lost = written(
    await slice.scribe.write(
      [
        {
          seq: slice.scribe.nextSeq,
          name: brain.model,
          status: "failed",
          startedAt,
          payload: {
            kind: "model",
            model: brain.model,
            offered,
            reply: null,
            failure: failed,
            usage: bill,
          },
          spent: free ? bill : { ...bill, steps: 1, model_calls: 1 },
        },
      ],
      null,
    ),
  );
  if (lost !== null) return lost;
  return free ? await paused(slice, failed) : { kind: "broke", failure: failed };
}

/** A short wait is slept through; a longer one gives the task back. */
async function paused(slice: LoopSlice, failed: Failure): Promise<LoopEnd | null> {
  const waitMs = failed.retryAfterMs ?? Number.POSITIVE_INFINITY;
  const left = slice.sliceMs - slice.scribe.elapsedMs;
  if (waitMs > retryLimits.waitInSliceMsMax || waitMs > left)
    return { kind: "broke", failure: failed };
  await new Promise((resolve) => setTimeout(resolve, waitMs));
  return null;
}

function overBudget(reason: Reason, bounds: Bounds): LoopEnd {
  return { kind: "failed", reason, code: reason, message: budgetMessage(reason, bounds) };
}

function noProgress(talk: Conversation, scribe: Scribe): LoopEnd | null {
  if (talk.invalidTurns >= modelLimits.invalidTurnsMax) {
    const last = scribe.steps.findLast((step) => step.status === "refused");
    const answering = last === undefined || last.name === finalAnswerName;
    const said = last?.payload.kind === "tool" ? ` The last problem: ${last.payload.text}` : "";
    return {
      kind: "failed",
      reason: answering ? "invalid_output" : "no_progress",
      code: answering ? "invalid_output" : "invalid_calls",
      message: `${talk.invalidTurns} replies in a row held nothing that could be used.${said}`,
    };
  }
  if (repetition(scribe.steps) === "stuck") {
    return {
      kind: "failed",
      reason: "no_progress",
      code: "repetition",
      message: "The model repeated the same calls with the same results and did not stop.",
    };
  }
  return null;
}
