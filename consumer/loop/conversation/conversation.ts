/**
 * The conversation, folded from the journal. It only ever grows at its end, so that the
 * endpoint's prefix cache pays, and it is the same whichever invocation folds it. Where the journal
 * says that old outputs were elided, it breaks once and grows from there. What a resumed task said before
 * stays said; what it had come to, such as the end of a budget, counts no more.
 */
import { modelLimits } from "../../../shared/limits.ts";
import type {
  Compaction,
  ModelPayload,
  Step,
  StepCall,
  ToolPayload,
} from "../../../shared/step.ts";
import type { EchoedCall, Message } from "../../models/model.ts";
import type { Quirk } from "../../models/quirks.ts";
import type { AnswerForm } from "../answer/answer_form.ts";
import { type FinalStep, finalStepPrompt } from "../answer/finalisation.ts";
import { charsLeft, compactionsIn } from "./compaction.ts";
import { goOn, nudge } from "./prompt.ts";
import { capped, cutArguments, handleTo } from "./tool_text.ts";

/** What the conversation needs to know of its task beside the opening. */
export interface ConversationOptions {
  form: Pick<AnswerForm, "schema" | "plainText">;
  /** True where the task has a tool that reads files, and so the outputs that were cut. */
  readable: boolean;
  /** Who is asked next. What another model thought stays out: it is that one's own, often in its own tokens. */
  model?: string;
  /** The fence of the run that the task was resumed from; 0 where it was not. */
  since: number;
}

export interface Conversation {
  messages: Message[];
  /** Calls of the last reply that have no outcome yet: the slice before this one stopped among them. */
  open: OpenCall[];
  /** Replies in a row, counted from the end, of which nothing could be used. */
  invalidTurns: number;
  /** The rungs of the ladder whose words stand in it. */
  told: readonly FinalStep[];
}

export interface OpenCall {
  call: StepCall;
  /** The step in which it was begun, where it may have had an effect by now. */
  intent: { seq: number } | null;
}

export function foldConversation(
  opening: readonly Message[],
  steps: readonly Step[],
  manner: ConversationOptions,
  more: Compaction | null = null,
): Conversation {
  const messages: Message[] = [...opening];
  const compactions = [...compactionsIn(steps), ...(more === null ? [] : [more])];
  let open: Conversation["open"] = [];
  let invalidTurns = 0;
  let told: FinalStep[] = [];
  let resumed = manner.since === 0;
  /** Once past the steps before the resume, and never between a call and its answer. */
  const resume = () => {
    if (resumed || open.length > 0) return;
    resumed = true;
    invalidTurns = 0;
    if (told.length > 0) messages.push({ role: "user", content: goOn });
    told = [];
  };
  for (const step of steps) {
    const { payload } = step;
    if (step.fence > manner.since) resume();
    if (payload.kind === "model") {
      if (payload.offered === "tools" || payload.because === undefined) told = [];
      else {
        // Said to a call that failed, too: what the endpoint has read of the prefix stays.
        messages.push(...finalStepPrompt(payload.offered, payload.because, told, manner.form));
        told = [...told, payload.offered];
      }
      if (payload.reply === null) continue;
      const own = manner.model === undefined || manner.model === payload.model;
      messages.push(...spoken(payload.reply, charsLeft(compactions, step.seq), own));
      open = payload.reply.calls.map((call) => ({ call, intent: null }));
      invalidTurns = isInvalid(payload.reply) ? invalidTurns + 1 : 0;
      continue;
    }
    if (step.status === "intent") {
      open = open.map((entry) =>
        entry.call.id === payload.call_id ? { ...entry, intent: { seq: step.seq } } : entry,
      );
      continue;
    }
    open = open.filter((entry) => entry.call.id !== payload.call_id);
    messages.push({
      role: "tool",
      call_id: payload.call_id,
      name: payload.name,
      content: heard(payload, step.seq, charsLeft(compactions, step.seq), manner.readable),
    });
  }
  resume();
  return { messages, open, invalidTurns, told };
}

/** What a call answered, as the model reads it now. */
function heard(payload: ToolPayload, seq: number, chars: number | null, readable: boolean): string {
  const { text, note } = payload;
  const handle =
    payload.name === "read_file"
      ? "read the file again, in smaller parts"
      : handleTo(seq, readable);
  const shown = chars === null ? text : capped(text, chars, handle);
  return note === undefined ? shown : `${shown}\n\n${note}`;
}

/**
 * How often the model was called, refusals included: where a rehearsal goes on. A call past its end
 * played no turn.
 */
export function callsOf(model: string, steps: readonly Step[]): number {
  let calls = 0;
  for (const { payload } of steps) {
    if (payload.kind !== "model" || payload.model !== model) continue;
    if (payload.failure?.code !== "rehearsal_exhausted") calls += payload.times ?? 1;
  }
  return calls;
}

/** A turn is invalid when it called nothing, or when every call it made is refused. */
function isInvalid(reply: NonNullable<ModelPayload["reply"]>): boolean {
  return reply.calls.every((call) => call.problem !== null);
}

function spoken(
  reply: NonNullable<ModelPayload["reply"]>,
  chars: number | null,
  own: boolean,
): Message[] {
  const endless = reply.quirks.includes("text_repeats" satisfies Quirk);
  const content = endless
    ? capped(reply.text, modelLimits.repeatedTextStoredChars, "the same over and over")
    : reply.text;
  const assistant: Message = { role: "assistant", content };
  const thought = own && chars === null && !endless ? reply.reasoning : "";
  if (thought !== "") assistant.reasoning = thought;
  if (reply.calls.length === 0) return [assistant, { role: "user", content: nudge(reply) }];
  return [{ ...assistant, calls: reply.calls.map((call) => echo(call, chars)) }];
}

/**
 * Our id is echoed, not the endpoint's: those repeat from turn to turn, and a fallback model degrades
 * on foreign ones. Endpoints refuse arguments that are not JSON, so what was unreadable is an empty object.
 */
function echo(call: StepCall, chars: number | null): EchoedCall {
  const args = chars === null ? call.arguments : cutArguments(call.arguments, chars);
  return {
    id: call.id,
    name: call.name,
    arguments: call.arguments === null ? "{}" : JSON.stringify(args),
  };
}
