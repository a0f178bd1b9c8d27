/** One model call: planned within the budgets and the window, permitted, made and journaled. */

import { memoryLimits } from "../../shared/limits.ts";
import type { ModelOutcome } from "../../shared/models/model.ts";
import { exhaustedBudget } from "../../shared/spend/budgets.ts";
import { failure } from "../../shared/task/failures.ts";
import type { Loan } from "../memory/byte_budget.ts";
import { memoryFull } from "../memory/memory_full.ts";
import { ReplyRoom } from "../memory/reply_room.ts";
import { transcriptBytes } from "../memory/task_bytes.ts";
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

  const loan = slice.memory?.share.lend("call") ?? null;
  try {
    const hasRoom = await growForCall(slice, loan, plan.outputTokensMax);
    if (!hasRoom) return { kind: "failure", failure: memoryFull };
    return await makeCall(task, model, slice, { plan, conversation, loan });
  } finally {
    loan?.end();
  }
}

/** The copies of the request, and a usual reply. A task that would wait long for them is given back. */
async function growForCall(
  { journal, memory }: LoopSlice,
  loan: Loan | null,
  outputTokensMax: number,
): Promise<boolean> {
  if (memory === undefined || loan === null) return true;
  const { requestFactor, tokenBytes, waitMsMax } = memoryLimits;
  const requestBytes = Math.ceil(requestFactor * transcriptBytes(journal.steps));
  const bytes = requestBytes + tokenBytes * outputTokensMax;
  return journal.waitUntimed(loan.grow(bytes, { msMax: waitMsMax }));
}

interface PlannedCall {
  plan: Plan & { kind: "call" };
  conversation: Conversation;
  loan: Loan | null;
}

async function makeCall(
  task: LoopTask,
  model: ModelClient,
  slice: LoopSlice,
  { plan, conversation, loan }: PlannedCall,
): Promise<LoopEnd | null> {
  const { journal } = slice;
  const permit = await journal.waitUntimed(model.waitForPermit());
  if (!permit.ok) return await waitOrRequeue(slice, permit.error, 1);

  const startedAt = Date.now();
  const room = loan === null ? null : new ReplyRoom(loan, plan.outputTokensMax);
  const { value: outcome, isLate } = await callModel(task, model, slice, { plan, room });
  if (slice.signal.aborted) return { kind: "lost" };
  if (room?.isFull === true) return { kind: "failure", failure: memoryFull };
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
  { plan, room }: { plan: PlannedCall["plan"]; room: ReplyRoom | null },
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
    model.complete(
      {
        ...request,
        signal: until,
        ...(room === null ? {} : { takeReplyBytes: (bytes) => room.take(bytes, until) }),
      },
      position,
    ),
  );
}

/** A task that its own model can continue must not end because a fallback is too expensive. */
function fallbackTooExpensive(model: ModelClient): LoopEnd {
  const message = `No call of the fallback ${model.id} fits the rest of the task's budgets.`;
  return { kind: "failure", failure: failure("model_unavailable", message) };
}
