/** What the next model call is to be: which rung, what is elided for it, how much it may write. Pure. */
import { type Failure, failure } from "../../shared/failures.ts";
import { modelLimits } from "../../shared/limits.ts";
import type { Compaction, ModelPayload, Offered, Step } from "../../shared/step.ts";
import type { Usage } from "../../shared/usage.ts";
import type { Message } from "../models/model.ts";
import type { Quirk } from "../models/quirks.ts";
import {
  type FinalisationCause,
  type FinalisationState,
  finalisationOf,
  finalStepPrompt,
  nextFinalStep,
  offeredAt,
} from "./answer/finalisation.ts";
import { type Allowance, allow } from "./budget/allowance.ts";
import { compactionFor, mustShrink, tokenScale, windowOf } from "./conversation/compaction.ts";
import { type Conversation, foldConversation } from "./conversation/conversation.ts";
import { noProgress } from "./conversation/progress.ts";
import { egressRefused } from "./budget/egress_budget.ts";
import type { LoopTask, ModelClient } from "./loop_end.ts";

export type Plan =
  | {
      kind: "call";
      offered: Offered;
      because: FinalisationCause | null;
      messages: readonly Message[];
      outputTokensMax: number;
      thinkLess: boolean;
      compaction: Compaction | null;
      forced: boolean;
      /** Our own count of the prompt's tokens, before the endpoint's scale. */
      estimate: number;
    }
  /** The ladder is at its end. `unaffordable`: a call of this model did not fit, of another it might. */
  | { kind: "end"; because: FinalisationCause; unaffordable: boolean }
  /** The model refused to work. */
  | { kind: "refused"; failure: Failure }
  /** The window is too small for what cannot be elided. */
  | { kind: "too_long"; failure: Failure };

/** What has been journaled and used, as the scribe has it. */
interface Journal {
  steps: readonly Step[];
  /** The steps since the task was resumed: what ends a run is looked for in them alone. */
  recent: readonly Step[];
  used: Usage;
}

export function planCall(
  task: LoopTask,
  brain: ModelClient,
  { steps, recent, used }: Journal,
  talk: Conversation,
): Plan {
  const refusal = refusedBy(recent);
  if (refusal !== null) return { kind: "refused", failure: refusal };
  const climb = finalisationOf(recent);
  const stuck = climb?.because ?? noProgress(talk, recent);
  const scale = tokenScale(steps, brain.model);
  const windowTokens = windowOf(steps, brain.model, brain.windowTokens);
  const forced = mustShrink(recent, brain.model);
  const at = (because: FinalisationCause): FinalisationState => climb ?? { because, tried: [] };
  const draft = (because: FinalisationCause | null): Draft | null =>
    drafted(task, brain, steps, talk, because === null ? null : at(because), {
      windowTokens,
      scale,
      forced,
    });

  const first = draft(stuck);
  if (first === null)
    return { kind: "end", because: stuck ?? "invalid_output", unaffordable: false };
  const allowance = allowed(task, brain, steps, used, first, scale);
  if (allowance.kind === "stop") {
    return { kind: "end", because: stuck ?? allowance.reason, unaffordable: true };
  }
  // A budget that has room for one more call turns it into a call for the answer.
  const because = stuck ?? allowance.because;
  const chosen = because === stuck ? first : draft(because);
  if (chosen === null) {
    return { kind: "end", because: because ?? "invalid_output", unaffordable: false };
  }
  if (chosen.compaction === "none") {
    const last = steps.findLast(({ payload }) => payload.kind === "model")?.payload;
    const known = last?.kind === "model" ? last.failure : null;
    return { kind: "too_long", failure: known ?? failure("model_overflow", tooLong) };
  }
  const room = windowTokens - Math.ceil(chosen.estimate * scale);
  return {
    kind: "call",
    offered: chosen.offered,
    because,
    messages: chosen.messages,
    outputTokensMax: Math.min(
      allowance.outputTokensMax,
      Math.max(modelLimits.outputTokensMin, room),
    ),
    thinkLess: wroteThoughtAlone(steps, brain.model, "ever"),
    compaction: chosen.compaction,
    forced,
    estimate: chosen.estimate,
  };
}

const tooLong = "The conversation is longer than the model's window, and nothing is left to elide.";

interface Draft {
  offered: Offered;
  messages: readonly Message[];
  compaction: Compaction | "none" | null;
  estimate: number;
}

/** The request at the ladder's next rung, made short enough; null where no rung is left. */
function drafted(
  task: LoopTask,
  brain: ModelClient,
  steps: readonly Step[],
  talk: Conversation,
  climb: FinalisationState | null,
  room: { windowTokens: number; scale: number; forced: boolean },
): Draft | null {
  const rung = climb === null ? null : nextFinalStep(climb, task.form, brain.abilities);
  if (climb !== null && rung === null) return null;
  const offered: Offered = rung ?? "tools";
  const { tools, toolChoice } = offeredAt(offered, task.offers, task.finalOffer);
  const sent = toolChoice === "none" ? [] : tools;
  const manner = { ...task, model: brain.model };
  const messagesOf = (more: Compaction | null): Message[] => {
    const { messages, told } =
      more === null ? talk : foldConversation(task.opening, steps, manner, more);
    const said =
      climb === null || rung === null ? [] : finalStepPrompt(rung, climb.because, told, task.form);
    return [...messages, ...said];
  };
  const plain = messagesOf(null);
  const count = (messages: readonly Message[]) => brain.estimateTokens(messages, sent);
  const plainCount = count(plain);
  const compaction = compactionFor(
    steps,
    {
      windowTokens: room.windowTokens,
      weigh: (more) => (more === null ? plainCount : count(messagesOf(more))) * room.scale,
    },
    room.forced,
  );
  if (compaction === null || compaction === "none") {
    return { offered, messages: plain, compaction, estimate: plainCount };
  }
  const messages = messagesOf(compaction);
  return { offered, messages, compaction, estimate: count(messages) };
}

function allowed(
  task: LoopTask,
  brain: ModelClient,
  steps: readonly Step[],
  used: Usage,
  { estimate }: Draft,
  scale: number,
): Allowance {
  const more = wroteThoughtAlone(steps, brain.model, "last");
  return allow(used, task.bounds, {
    promptTokens: Math.ceil(estimate * scale),
    outputTokensMax: more
      ? Math.min(brain.outputTokensCeiling, brain.outputTokensMax * 2)
      : brain.outputTokensMax,
    prices: brain.prices,
    egressRefused: egressRefused(steps, task.bounds),
    lostClaims: task.lostClaims,
  });
}

/** Whether thought filled this model's last reply, or any: then it gets more room, and is asked to think less. */
function wroteThoughtAlone(steps: readonly Step[], model: string, when: "last" | "ever"): boolean {
  const replies = steps.flatMap(({ payload }) =>
    payload.kind === "model" && payload.model === model && payload.reply !== null
      ? [payload.reply]
      : [],
  );
  const asked = when === "last" ? replies.slice(-1) : replies;
  return asked.some(({ quirks }) => quirks.includes("thought_filled_reply" satisfies Quirk));
}

/** A reply that was filtered, or in which the model declined, and that called nothing, is the end. */
function refusedBy(steps: readonly Step[]): Failure | null {
  const last = steps.findLast(({ payload }) => payload.kind === "model")?.payload;
  const reply = last?.kind === "model" ? (last as ModelPayload).reply : null;
  if (reply?.finish !== "filtered" || reply.calls.length > 0) return null;
  return failure(
    "model_refused",
    "The endpoint filtered the reply, or the model declined to work; error.draft has what it said.",
  );
}
