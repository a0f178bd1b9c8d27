/** One model call: planned within the budgets and the window, permitted, made and journaled. */

import type { ModelOutcome } from "../../shared/models/model.ts";
import { exhaustedBudget } from "../../shared/spend/budgets.ts";
import { failure } from "../../shared/task/failures.ts";
import { requestOffers } from "./answer/finalisation.ts";
import { millisecondsLeft } from "./budget/allowance.ts";
import { runWithDeadline } from "./budget/deadline.ts";
import { type Conversation, countModelCalls } from "./conversation/conversation.ts";
import { noAnswerEnd } from "./conversation/progress.ts";
import { recordFailure, waitOrRequeue } from "./journal/record_failure.ts";
import { recordReply } from "./journal/record_reply.ts";
import type { LoopEnd } from "./loop_end.ts";
import type { LoopSlice, LoopTask } from "./loop_slice.ts";
import type { ModelClient } from "./model_client.ts";
import { type Plan, planCall } from "./plan.ts";

/** Calls the model once. Null: the turn is journaled and the loop continues. */
export async function askModel(
  task: LoopTask,
  model: ModelClient,
  slice: LoopSlice,
  conversation: Conversation,
): Promise<LoopEnd | null> {
  const { journal } = slice;
  const plan = planCall(task, model, journal, conversation);
  switch (plan.kind) {
    case "refused":
    case "too_long":
      return { kind: "failure", failure: plan.failure };
    case "end": {
      const hasBudget = exhaustedBudget(journal.used, task.bounds) === null;
      if (model.isFallback && hasBudget && plan.unaffordable) return fallbackTooExpensive(model);
      return noAnswerEnd(plan.cause, conversation, journal.stepsOfRun, task.bounds);
    }
    case "call":
      break;
  }

  const permit = await journal.waitUntimed(model.waitForPermit());
  if (!permit.ok) return await waitOrRequeue(slice, permit.error, 1);

  const startedAt = Date.now();
  const { value: outcome, isLate } = await callModel(task, model, slice, plan);
  if (slice.signal.aborted) return { kind: "lost" };
  const completedCall = { model, plan, startedAt, raw: outcome.raw };
  if (outcome.ok) return await recordReply(task, slice, completedCall, outcome.reply);
  const end = await recordFailure(slice, completedCall, outcome);
  return isLate && end?.kind === "failure"
    ? noAnswerEnd("budget_seconds", conversation, journal.stepsOfRun, task.bounds)
    : end;
}

function callModel(
  task: LoopTask,
  model: ModelClient,
  { journal, signal }: LoopSlice,
  plan: Plan & { kind: "call" },
): Promise<{ value: ModelOutcome; isLate: boolean }> {
  const request = {
    model: model.id,
    taskId: task.id,
    messages: plan.messages,
    ...requestOffers(plan.offered, task.offers, task.finalOffer),
    outputTokensMax: plan.outputTokensMax,
    thinkLess: plan.thinkLess,
  };
  const position = countModelCalls(model.id, journal.allSteps);
  return runWithDeadline(millisecondsLeft(journal.used, task.bounds), signal, (until) =>
    model.complete({ ...request, signal: until }, position),
  );
}

/** A task that its own model can continue must not end because a fallback is too expensive. */
function fallbackTooExpensive(model: ModelClient): LoopEnd {
  const message = `No call of the fallback ${model.id} fits the rest of the task's budgets.`;
  return { kind: "failure", failure: failure("model_unavailable", message) };
}
