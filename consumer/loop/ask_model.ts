/** One model call: planned within budgets and window, permitted, heard or refused, journaled. */
import { failure } from "../../shared/failures.ts";
import type { ModelOutcome } from "../models/model.ts";
import { offeredAt } from "./answer/finalisation.ts";
import { exhausted, millisecondsLeft } from "./budget/allowance.ts";
import { type Conversation, callsOf } from "./conversation/conversation.ts";
import { unanswered } from "./conversation/progress.ts";
import { within } from "./budget/deadline.ts";
import type { LoopEnd, LoopSlice, LoopTask, ModelClient } from "./loop_end.ts";
import { type Plan, planCall } from "./plan.ts";
import { paused, recordFailure } from "./journal/record_failure.ts";
import { recordReply } from "./journal/record_reply.ts";

/** Asks once. Null: the turn is journaled and the loop goes on. */
export async function askModel(
  task: LoopTask,
  brain: ModelClient,
  slice: LoopSlice,
  talk: Conversation,
): Promise<LoopEnd | null> {
  const { scribe } = slice;
  const plan = planCall(task, brain, scribe, talk);
  switch (plan.kind) {
    case "refused":
    case "too_long":
      return { kind: "broke", failure: plan.failure };
    case "end": {
      const tooDear = brain.fallback && exhausted(scribe.used, task.bounds) === null;
      if (tooDear && plan.unaffordable) return noHelp(brain);
      return unanswered(plan.because, talk, scribe.recent, task.bounds);
    }
    case "call":
      break;
  }

  const permit = await scribe.waiting(brain.permit());
  if (!permit.ok) return await paused(slice, permit.failure, 1);

  const startedAt = Date.now();
  const { value: outcome, late } = await call(task, brain, slice, plan);
  if (slice.signal.aborted) return { kind: "lost" };
  const made = { brain, plan, startedAt, raw: outcome.raw };
  if (outcome.ok) return await recordReply(task, slice, made, outcome.reply);
  const end = await recordFailure(slice, made, outcome);
  const cut = late && end?.kind === "broke";
  return cut ? unanswered("budget_seconds", talk, scribe.recent, task.bounds) : end;
}

function call(
  task: LoopTask,
  brain: ModelClient,
  { scribe, signal }: LoopSlice,
  plan: Plan & { kind: "call" },
): Promise<{ value: ModelOutcome; late: boolean }> {
  const request = {
    model: brain.model,
    taskId: task.id,
    messages: plan.messages,
    ...offeredAt(plan.offered, task.offers, task.finalOffer),
    outputTokensMax: plan.outputTokensMax,
    thinkLess: plan.thinkLess,
  };
  const position = callsOf(brain.model, scribe.steps);
  return within(millisecondsLeft(scribe.used, task.bounds), signal, (until) =>
    brain.complete({ ...request, signal: until }, position),
  );
}

/** What a fallback would cost is no reason to end a task that its own model can go on with. */
function noHelp(brain: ModelClient): LoopEnd {
  const message = `No call of the fallback ${brain.model} fits what is left of the task's budgets.`;
  return { kind: "broke", failure: failure("model_unavailable", message) };
}
