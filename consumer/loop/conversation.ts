/**
 * The conversation, folded from the journal. It only ever grows at its end, so that the
 * endpoint's prefix cache pays, and it is the same whichever invocation folds it.
 */
import type { ModelPayload, Step, StepCall } from "../../shared/step.ts";
import type { EchoedCall, Message } from "../models/model.ts";
import { finishNow, nudge } from "./prompt.ts";

export interface Conversation {
  messages: Message[];
  /** Calls of the last reply that have no outcome yet: the slice before this one stopped among them. */
  open: { call: StepCall; intent: boolean }[];
  /** Replies in a row, counted from the end, of which nothing could be used. */
  invalidTurns: number;
}

export function foldConversation(
  opening: readonly Message[],
  steps: readonly Step[],
): Conversation {
  const messages: Message[] = [...opening];
  let open: Conversation["open"] = [];
  let invalidTurns = 0;
  let toldToFinish = false;
  for (const step of steps) {
    const { payload } = step;
    if (payload.kind === "model") {
      if (payload.reply === null) continue;
      if (payload.offered === "final_answer" && !toldToFinish) {
        messages.push({ role: "user", content: finishNow });
        toldToFinish = true;
      }
      messages.push(...spoken(payload.reply));
      open = payload.reply.calls.map((call) => ({ call, intent: false }));
      invalidTurns = isInvalid(payload.reply) ? invalidTurns + 1 : 0;
      continue;
    }
    if (step.status === "intent") {
      open = open.map((entry) =>
        entry.call.id === payload.call_id ? { ...entry, intent: true } : entry,
      );
      continue;
    }
    open = open.filter((entry) => entry.call.id !== payload.call_id);
    messages.push({
      role: "tool",
      call_id: payload.call_id,
      name: payload.name,
      content: payload.text,
    });
  }
  return { messages, open, invalidTurns };
}

/** How often the model was called, refusals included: where a rehearsal goes on. */
export function callsOf(model: string, steps: readonly Step[]): number {
  let calls = 0;
  for (const { payload } of steps) {
    if (payload.kind === "model" && payload.model === model) calls += payload.times ?? 1;
  }
  return calls;
}

/** A turn is invalid when it called nothing, or when every call it made is refused. */
function isInvalid(reply: NonNullable<ModelPayload["reply"]>): boolean {
  return reply.calls.every((call) => call.problem !== null);
}

function spoken(reply: NonNullable<ModelPayload["reply"]>): Message[] {
  const assistant: Message = { role: "assistant", content: reply.text };
  if (reply.reasoning !== "") assistant.reasoning = reply.reasoning;
  if (reply.calls.length === 0) return [assistant, { role: "user", content: nudge(reply) }];
  return [{ ...assistant, calls: reply.calls.map(echo) }];
}

/**
 * Our id is echoed, not the endpoint's: those repeat from turn to turn, and a fallback model degrades
 * on foreign ones. Endpoints refuse arguments that are not JSON, so what was unreadable is an empty object.
 */
function echo(call: StepCall): EchoedCall {
  return {
    id: call.id,
    name: call.name,
    arguments: call.arguments === null ? "{}" : JSON.stringify(call.arguments),
  };
}
