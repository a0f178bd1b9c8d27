/** Plans the next model call: what it offers, which outputs are elided, how much it may write. Pure. */

import { modelLimits } from "../../shared/limits.ts";
import type { Message } from "../../shared/models/model.ts";
import type { Quirk } from "../../shared/models/quirks.ts";
import { addUsage, type Usage } from "../../shared/spend/usage.ts";
import { type Failure, failure } from "../../shared/task/failures.ts";
import type {
  Compaction,
  FinalisationCause,
  ModelPayload,
  OfferKind,
  Step,
} from "../../shared/task/step.ts";
import {
  type FinalisationState,
  finalisationOf,
  finalStepPrompt,
  nextFinalStep,
  requestOffers,
} from "./answer/finalisation.ts";
import { type Allowance, allowanceFor } from "./budget/allowance.ts";
import { isEgressExhausted } from "./budget/egress_budget.ts";
import { compactionFor, mustCompact, tokenScale, windowOf } from "./conversation/compaction.ts";
import { type Conversation, foldConversation } from "./conversation/conversation.ts";
import { stuckCause } from "./conversation/progress.ts";
import type { LoopTask } from "./loop_slice.ts";
import type { ModelClient } from "./model_client.ts";

export type Plan =
  | {
      kind: "call";
      offered: OfferKind;
      cause: FinalisationCause | null;
      messages: readonly Message[];
      outputTokensMax: number;
      thinkLess: boolean;
      compaction: Compaction | null;
      forced: boolean;
      /** Our own count of the prompt's tokens, before the endpoint's scale. */
      estimate: number;
    }
  /** No call is left. `unaffordable`: a call of this model does not fit, but one of another might. */
  | { kind: "end"; cause: FinalisationCause; unaffordable: boolean }
  /** The model refused to work. */
  | { kind: "refused"; failure: Failure }
  /** The window is too small for what cannot be elided. */
  | { kind: "too_long"; failure: Failure };

/** What has been journaled and used so far. */
interface Journal {
  steps: readonly Step[];
  /** The steps since the task was resumed: only they can end this run. */
  stepsOfRun: readonly Step[];
  used: Usage;
}

export function planCall(
  task: LoopTask,
  model: ModelClient,
  { steps, stepsOfRun, used }: Journal,
  conversation: Conversation,
): Plan {
  const refusal = filteredReply(stepsOfRun);
  if (refusal !== null) return { kind: "refused", failure: refusal };
  const state = finalisationOf(stepsOfRun);
  const stuck = state?.cause ?? stuckCause(conversation, stepsOfRun);
  const room = {
    windowTokens: windowOf(steps, model.id, model.windowTokens),
    scale: tokenScale(steps, model.id),
    forced: mustCompact(stepsOfRun, model.id),
  };
  const plan = (cause: FinalisationCause | null): PlannedRequest | null => {
    const plannedState = cause === null ? null : (state ?? { cause, triedSteps: [] });
    return planRequest({ task, model, steps, conversation }, plannedState, room);
  };

  const first = plan(stuck);
  if (first === null) return { kind: "end", cause: stuck ?? "invalid_output", unaffordable: false };
  const allowance = allowanceOf(task, model, { steps, used }, first.estimate * room.scale);
  if (allowance.kind === "stop") {
    return { kind: "end", cause: stuck ?? allowance.reason, unaffordable: true };
  }
  // A budget with room for only one more call turns it into a call for the answer.
  const cause = stuck ?? allowance.cause;
  const request = cause === stuck ? first : plan(cause);
  if (request === null) {
    return { kind: "end", cause: cause ?? "invalid_output", unaffordable: false };
  }
  if (request.compaction === "none") {
    const lastFailure = lastModelPayload(steps)?.failure ?? null;
    return { kind: "too_long", failure: lastFailure ?? failure("model_overflow", tooLongText) };
  }
  const tokensLeft = room.windowTokens - Math.ceil(request.estimate * room.scale);
  return {
    kind: "call",
    offered: request.offered,
    cause,
    messages: request.messages,
    outputTokensMax: Math.min(
      allowance.outputTokensMax,
      Math.max(modelLimits.outputTokensMin, tokensLeft),
    ),
    thinkLess: repliesOf(steps, model.id).some(isOnlyReasoning),
    compaction: request.compaction,
    forced: room.forced,
    estimate: request.estimate,
  };
}

const tooLongText =
  "The conversation is longer than the model's window, and nothing is left to elide.";

interface PlannedRequest {
  offered: OfferKind;
  messages: readonly Message[];
  compaction: Compaction | "none" | null;
  estimate: number;
}

/** The request for work or for the next final step, made short enough; null where no final step is left. */
function planRequest(
  {
    task,
    model,
    steps,
    conversation,
  }: { task: LoopTask; model: ModelClient; steps: readonly Step[]; conversation: Conversation },
  state: FinalisationState | null,
  room: { windowTokens: number; scale: number; forced: boolean },
): PlannedRequest | null {
  const finalStep = state === null ? null : nextFinalStep(state, task.form, model.abilities);
  if (state !== null && finalStep === null) return null;
  const offer: OfferKind = finalStep ?? "tools";
  const { tools, toolChoice } = requestOffers(offer, task.offers, task.finalOffer);
  const sentTools = toolChoice === "none" ? [] : tools;
  const options = { ...task, model: model.id };
  const messagesWith = (compaction: Compaction | null): Message[] => {
    const { messages, promptedSteps } =
      compaction === null
        ? conversation
        : foldConversation(task.opening, steps, options, compaction);
    if (state === null || finalStep === null) return [...messages];
    return [...messages, ...finalStepPrompt(finalStep, state.cause, promptedSteps, task.form)];
  };
  const fullMessages = messagesWith(null);
  const count = (messages: readonly Message[]) => model.estimateTokens(messages, sentTools);
  const fullCount = count(fullMessages);
  const compaction = compactionFor(
    steps,
    {
      windowTokens: room.windowTokens,
      estimateTokens: (nextCompaction) =>
        (nextCompaction === null ? fullCount : count(messagesWith(nextCompaction))) * room.scale,
    },
    room.forced,
  );
  if (compaction === null || compaction === "none") {
    return { offered: offer, messages: fullMessages, compaction, estimate: fullCount };
  }
  const messages = messagesWith(compaction);
  return { offered: offer, messages, compaction, estimate: count(messages) };
}

function allowanceOf(
  task: LoopTask,
  model: ModelClient,
  { steps, used }: { steps: readonly Step[]; used: Usage },
  promptTokens: number,
): Allowance {
  const needsMore = repliesOf(steps, model.id).slice(-1).some(isOnlyReasoning);
  return allowanceFor(addUsage(used, task.reserved), task.bounds, {
    promptTokens: Math.ceil(promptTokens),
    outputTokensMax: needsMore
      ? Math.min(model.outputTokensCeiling, model.outputTokensMax * 2)
      : model.outputTokensMax,
    prices: model.prices,
    egressRefused: isEgressExhausted(steps, task.bounds),
    lostClaims: task.lostClaims,
  });
}

type ReplyPayload = NonNullable<ModelPayload["reply"]>;

const repliesOf = (steps: readonly Step[], modelId: string): ReplyPayload[] =>
  steps.flatMap(({ payload }) =>
    payload.kind === "model" && payload.model === modelId && payload.reply !== null
      ? [payload.reply]
      : [],
  );

/** True where reasoning filled the reply: the next one gets more room, and all later ones should think less. */
const isOnlyReasoning = ({ quirks }: ReplyPayload): boolean =>
  quirks.includes("thought_filled_reply" satisfies Quirk);

function lastModelPayload(steps: readonly Step[]): ModelPayload | null {
  const last = steps.findLast(({ payload }) => payload.kind === "model")?.payload;
  return last?.kind === "model" ? last : null;
}

/** The failure of a last reply that was filtered, or in which the model declined, and that called nothing. */
function filteredReply(steps: readonly Step[]): Failure | null {
  const reply = lastModelPayload(steps)?.reply ?? null;
  if (reply?.finish !== "filtered" || reply.calls.length > 0) return null;
  return failure(
    "model_refused",
    "The endpoint filtered the reply, or the model declined to work; see error.draft.",
  );
}
