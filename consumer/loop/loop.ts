/**
 * The bounded loop: fold the journal into a conversation, answer what is open, else ask the model.
 * Each turn journals before anything is built on it, so any invocation can go on from any point.
 */

import { classOf, type Failure } from "../../shared/failures.ts";
import { modelLimits, retryLimits } from "../../shared/limits.ts";
import type { Reason } from "../../shared/states.ts";
import type { ModelPayload, StepCall } from "../../shared/step.ts";
import type {
  Call,
  Message,
  ModelOutcome,
  ModelRequest,
  Reply,
  ToolOffer,
} from "../models/model.ts";
import { finalAnswerName } from "../tools/catalog.ts";
import { type AnswerForm, jsonInText, unwrap } from "./answer.ts";
import { allow, type Bounds, budgetMessage, type Prices, toolCallFits } from "./budget.ts";
import { type Conversation, foldConversation } from "./conversation.ts";
import { finishNow } from "./prompt.ts";
import { repetition } from "./repetition.ts";
import type { Draft, Scribe } from "./scribe.ts";
import { type Hands, intent, refusal, runCall } from "./tool_calls.ts";

/** How a slice's loop ends. `lost`: somebody newer owns the task, so nothing more may be written. */
export type LoopEnd =
  | { kind: "answered"; output: unknown }
  | { kind: "failed"; reason: Reason; code: string; message: string }
  | { kind: "cancelled" }
  | { kind: "yielded" }
  | { kind: "lost" }
  | { kind: "broke"; failure: Failure };

export interface LoopTask {
  id: string;
  opening: readonly Message[];
  bounds: Bounds;
  form: AnswerForm;
  /** What the model is offered while it works; `finalOffer` is the last of them. */
  offers: readonly ToolOffer[];
  finalOffer: ToolOffer;
}

/** The model in use. `complete` never rejects. */
export interface Brain {
  model: string;
  prices: Prices;
  outputTokensMax: number;
  /** `position` counts the model calls before this one, failed ones included. */
  complete(request: ModelRequest, position: number): Promise<ModelOutcome>;
  costOf(usage: Reply["usage"]): number;
  estimateTokens(messages: readonly Message[], offers: readonly ToolOffer[]): number;
  /** Waits for, or is refused, the right to call now. Never rejects. */
  permit(): Promise<{ ok: true } | { ok: false; failure: Failure }>;
  /** Null when the value fits the schema, else what to mend. */
  validate(schema: Record<string, unknown>, value: unknown): string | null;
}

export interface LoopSlice {
  scribe: Scribe;
  hands: Hands;
  signal: AbortSignal;
  sliceMs: number;
}

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
    return written(await scribe.write([refusal(first, scribe.nextSeq, text, Date.now())], []));
  }
  const together = readsTogether(hands, calls);
  const base = scribe.nextSeq;
  if (hands.tools.get(first.name)?.effect === "effect") {
    const stopped = written(await scribe.write([intent(first, base)], []));
    if (stopped !== null) return stopped;
  }
  const drafts = await Promise.all(together.map((call, n) => runCall(hands, call, base + n)));
  if (slice.signal.aborted) return { kind: "lost" };
  return written(await scribe.write(drafts, hands.drainEgress()));
}

/** The leading calls that may run at once: all of them while they only read, else the first alone. */
function readsTogether(hands: Hands, calls: readonly StepCall[]): StepCall[] {
  const stop = calls.findIndex((call) => hands.tools.get(call.name)?.effect !== "read");
  return calls.slice(0, Math.max(1, stop === -1 ? calls.length : stop));
}

function written(answer: { held: boolean; cancelRequested?: boolean }): LoopEnd | null {
  if (!answer.held) return { kind: "lost" };
  return answer.cancelRequested === true ? { kind: "cancelled" } : null;
}

async function askModel(
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
  if (!outcome.ok)
    return await failedCall(brain, slice, allowance.offered, outcome.failure, startedAt);
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
    usage: {
      prompt_tokens: reply.usage.prompt_tokens,
      cached_tokens: reply.usage.cached_tokens,
      completion_tokens: reply.usage.completion_tokens,
      cost_usd: brain.costOf(reply.usage),
    },
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
  return written(await scribe.write([step, ...refusals], []));
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

/** Journals a failed call. Being told to wait costs no budget; everything else counts as a call. */
async function failedCall(
  brain: Brain,
  slice: LoopSlice,
  offered: "tools" | "final_answer",
  failed: Failure,
  startedAt: number,
): Promise<LoopEnd | null> {
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
            usage: { prompt_tokens: 0, cached_tokens: 0, completion_tokens: 0, cost_usd: 0 },
          },
          spent: free ? {} : { steps: 1, model_calls: 1 },
        },
      ],
      [],
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
