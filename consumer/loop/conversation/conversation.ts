/**
 * The conversation, folded from the journal. It grows only at its end, so that the endpoint's prefix cache
 * applies, and it is the same whichever invocation folds it. A journaled compaction breaks the prefix once.
 * A resumed task keeps the earlier messages, but not the earlier state, such as the end of a budget.
 */
import { modelLimits } from "../../../shared/limits.ts";
import type { EchoedCall, Message } from "../../../shared/models/model.ts";
import type { Quirk } from "../../../shared/models/quirks.ts";
import type {
  Compaction,
  ModelPayload,
  Step,
  StepCall,
  ToolPayload,
} from "../../../shared/task/step.ts";
import type { AnswerForm } from "../answer/answer_form.ts";
import { type FinalStep, finalStepPrompt } from "../answer/finalisation.ts";
import { charsShown, compactionsIn } from "./compaction.ts";
import { continueText, nudgeText } from "./prompt.ts";
import { cutArguments, cutMiddle, restHint } from "./tool_text.ts";

export interface ConversationOptions {
  form: Pick<AnswerForm, "schema" | "plainText">;
  /** True where the task has a tool that reads files, and so the outputs that were cut. */
  canReadFiles: boolean;
  /** The model of the next call. It is not sent another model's reasoning, which may use other tokens. */
  model?: string;
  /** The fence of the run that this one continues; 0 where it continues none. */
  resumedFrom: number;
}

export interface Conversation {
  messages: Message[];
  /** Calls of the last reply without an outcome, for example because a slice stopped among them. */
  openCalls: OpenCall[];
  /** Consecutive replies at the end that could not be used. */
  invalidTurns: number;
  /** The final steps whose prompts it contains. */
  promptedSteps: readonly FinalStep[];
}

export interface OpenCall {
  call: StepCall;
  /** The step in which it was started, if it may already have had an effect. */
  intent: { seq: number } | null;
}

export function foldConversation(
  opening: readonly Message[],
  steps: readonly Step[],
  options: ConversationOptions,
  nextCompaction: Compaction | null = null,
): Conversation {
  const messages: Message[] = [...opening];
  const compactions = [
    ...compactionsIn(steps),
    ...(nextCompaction === null ? [] : [nextCompaction]),
  ];
  let openCalls: OpenCall[] = [];
  let invalidTurns = 0;
  let promptedSteps: FinalStep[] = [];
  let isResumed = options.resumedFrom === 0;
  /** Added once, after the steps before the resume, and never between a call and its result. */
  const resume = () => {
    if (isResumed || openCalls.length > 0) return;
    isResumed = true;
    invalidTurns = 0;
    if (promptedSteps.length > 0) messages.push({ role: "user", content: continueText });
    promptedSteps = [];
  };
  for (const step of steps.filter(isInConversation)) {
    const { payload } = step;
    const chars = charsShown(compactions, step.seq);
    if (step.fence > options.resumedFrom) resume();
    if (payload.kind === "model") {
      if (payload.offered === "tools" || payload.because === undefined) promptedSteps = [];
      else {
        // A failed call adds its prompt too: the endpoint may have cached it with the prefix.
        const { offered, because } = payload;
        messages.push(...finalStepPrompt(offered, because, promptedSteps, options.form));
        promptedSteps = [...promptedSteps, offered];
      }
      if (payload.reply === null) continue;
      const isOwn = options.model === undefined || options.model === payload.model;
      messages.push(...replyMessages(payload.reply, chars, isOwn, payload.answered === true));
      openCalls = payload.reply.calls.map((call) => ({ call, intent: null }));
      invalidTurns = payload.answered !== true && isInvalid(payload.reply) ? invalidTurns + 1 : 0;
      continue;
    }
    if (step.status === "intent") {
      openCalls = openCalls.map((open) =>
        open.call.id === payload.call_id ? { ...open, intent: { seq: step.seq } } : open,
      );
      continue;
    }
    openCalls = openCalls.filter(({ call }) => call.id !== payload.call_id);
    const content = toolContent(payload, step.seq, chars, options.canReadFiles);
    messages.push(resultMessage(payload, content));
  }
  resume();
  return { messages, openCalls, invalidTurns, promptedSteps };
}

/** Verdicts, and what else is decided about answers, are not for the model. */
const isInConversation = ({ payload }: Step): boolean =>
  payload.kind === "model" ||
  payload.quality === undefined ||
  payload.quality.kind === "correction";

/** The result of a call; the correction of an answer that no call held is a message of its own. */
const resultMessage = ({ call_id, name, quality }: ToolPayload, content: string): Message =>
  quality !== undefined && call_id === ""
    ? { role: "user", content }
    : { role: "tool", call_id, name, content };

/** The result of a call, as the model reads it now. */
function toolContent(
  { name, text, note }: ToolPayload,
  seq: number,
  chars: number | null,
  canReadFiles: boolean,
): string {
  const hint =
    name === "read_file" ? "read the file again, in smaller parts" : restHint(seq, canReadFiles);
  const shortened = chars === null ? text : cutMiddle(text, chars, hint);
  return note === undefined ? shortened : `${shortened}\n\n${note}`;
}

/**
 * How often the model was called, rejections included: the position in a rehearsal. A call after the end
 * of the script used no turn.
 */
export function countModelCalls(modelId: string, steps: readonly Step[]): number {
  let calls = 0;
  for (const { payload } of steps) {
    if (payload.kind !== "model" || payload.model !== modelId) continue;
    if (payload.failure?.code !== "rehearsal_exhausted") calls += payload.times ?? 1;
  }
  return calls;
}

/** A turn is invalid when it has no calls, or only rejected ones. */
function isInvalid(reply: NonNullable<ModelPayload["reply"]>): boolean {
  return reply.calls.every((call) => call.problem !== null);
}

function replyMessages(
  reply: NonNullable<ModelPayload["reply"]>,
  chars: number | null,
  isOwn: boolean,
  isAnswer: boolean,
): Message[] {
  const isRepetitive = reply.quirks.includes("text_repeats" satisfies Quirk);
  const content = isRepetitive
    ? cutMiddle(reply.text, modelLimits.repeatedTextStoredChars, "the same text repeated")
    : reply.text;
  const assistant: Message = { role: "assistant", content };
  const reasoning = isOwn && chars === null && !isRepetitive ? reply.reasoning : "";
  if (reasoning !== "") assistant.reasoning = reasoning;
  if (isAnswer) return [assistant];
  if (reply.calls.length === 0) return [assistant, { role: "user", content: nudgeText(reply) }];
  return [{ ...assistant, calls: reply.calls.map((call) => echoCall(call, chars)) }];
}

/**
 * Calls are echoed with our ids: an endpoint's ids repeat from turn to turn, and a fallback model degrades
 * on foreign ones. Endpoints reject arguments that are not JSON, so unreadable ones become `{}`.
 */
function echoCall(call: StepCall, chars: number | null): EchoedCall {
  const args = chars === null ? call.arguments : cutArguments(call.arguments, chars);
  return {
    id: call.id,
    name: call.name,
    arguments: call.arguments === null ? "{}" : JSON.stringify(args),
  };
}
