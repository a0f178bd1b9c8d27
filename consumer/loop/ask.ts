/** One model call: checked against the budgets, permitted, heard or refused, journaled. */
import { failure } from "../../shared/failures.ts";
import type { Reason } from "../../shared/states.ts";
import type { Message, ModelOutcome } from "../models/model.ts";
import {
  type Allowance,
  allow,
  type Bounds,
  budgetMessage,
  exhausted,
  millisecondsLeft,
} from "./budget.ts";
import { type Conversation, callsOf } from "./conversation.ts";
import { within } from "./deadline.ts";
import { egressState } from "./egress_budget.ts";
import { failedCall, paused } from "./failed_call.ts";
import { noProgress } from "./progress.ts";
import { finishNow } from "./prompt.ts";
import { heard } from "./reply.ts";
import type { Brain, LoopEnd, LoopSlice, LoopTask } from "./turn.ts";

/** Asks once. Null: the turn is journaled and the loop goes on. */
export async function askModel(
  task: LoopTask,
  brain: Brain,
  slice: LoopSlice,
  talk: Conversation,
): Promise<LoopEnd | null> {
  const { scribe } = slice;
  const stuck = noProgress(talk, scribe.steps);
  if (stuck !== null) return stuck;
  const allowance = allow(scribe.used, task.bounds, {
    promptTokens: brain.estimateTokens(talk.messages, task.offers),
    outputTokensMax: brain.outputTokensMax,
    prices: brain.prices,
    egress: egressState(scribe.steps, task.bounds),
  });
  if (allowance.kind === "stop") {
    const tooDear = brain.fallback && exhausted(scribe.used, task.bounds) === null;
    return tooDear ? noHelp(brain) : overBudget(allowance.reason, task.bounds);
  }

  const permit = await scribe.waiting(brain.permit());
  if (!permit.ok) return await paused(slice, permit.failure, 1);

  const startedAt = Date.now();
  const { value: outcome, late } = await call(task, brain, slice, talk, allowance);
  if (slice.signal.aborted) return { kind: "lost" };
  const made = { brain, offered: allowance.offered, startedAt };
  if (outcome.ok) return await heard(task, slice, made, outcome.reply);
  const end = await failedCall(slice, made, outcome);
  const cut = late && end?.kind === "broke";
  return cut ? overBudget("budget_seconds", task.bounds) : end;
}

function call(
  task: LoopTask,
  brain: Brain,
  { scribe, signal }: LoopSlice,
  talk: Conversation,
  allowance: Allowance & { kind: "go" },
): Promise<{ value: ModelOutcome; late: boolean }> {
  const last = allowance.offered === "final_answer";
  const request = {
    model: brain.model,
    taskId: task.id,
    messages: last ? withFinish(talk.messages) : talk.messages,
    tools: last ? [task.finalOffer] : task.offers,
    toolChoice: "auto" as const,
    outputTokensMax: allowance.outputTokensMax,
  };
  const position = callsOf(brain.model, scribe.steps);
  return within(millisecondsLeft(scribe.used, task.bounds), signal, (until) =>
    brain.complete({ ...request, signal: until }, position),
  );
}

/** What a fallback would cost is no reason to end a task that its own model can go on with. */
function noHelp(brain: Brain): LoopEnd {
  const message = `No call of the fallback ${brain.model} fits what is left of the task's budgets.`;
  return { kind: "broke", failure: failure("model_unavailable", message) };
}

function withFinish(messages: readonly Message[]): Message[] {
  const told = messages.some((message) => message.content === finishNow);
  return told ? [...messages] : [...messages, { role: "user", content: finishNow }];
}

function overBudget(reason: Reason, bounds: Bounds): LoopEnd {
  return { kind: "failed", reason, code: reason, message: budgetMessage(reason, bounds) };
}
