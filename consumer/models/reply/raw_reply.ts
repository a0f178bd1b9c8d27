/**
 * What the journal keeps of an endpoint's own text, for a replay. A reply that needed no repair is kept
 * as it was read: rendered as a chat completion it reads the same again, which is checked here. Only what
 * would read differently, and what failed, is kept raw and bounded: keeping all would double the journal.
 */
import { modelLimits } from "../../../shared/limits.ts";
import type {
  ModelOutcome,
  ModelRequest,
  Reply,
  ReplyUsage,
} from "../../../shared/models/model.ts";
import type { ModelPayload, RawReply } from "../../../shared/task/step.ts";
import { classify } from "../errors/classify.ts";
import { normalise } from "./normalise.ts";
import { bodyValue } from "./reply_body.ts";

/** The raw text to keep with an outcome; undefined where none is needed, or where it is too large. */
export function rawOf(
  answer: { status: number; retryAfter: string | null; text: string },
  outcome: ModelOutcome,
  request: ModelRequest,
): RawReply | undefined {
  const { status, text } = answer;
  if (!outcome.ok) {
    const excerpt = text.slice(0, modelLimits.rawErrorCharsMax).toWellFormed();
    return { status, retry_after: answer.retryAfter, text: excerpt };
  }
  if (text.length > modelLimits.rawReplyCharsMax) return undefined;
  const { calls, usage } = outcome.reply;
  const wireCalls = calls.map(({ providerId, argumentsText, name }) => ({
    provider_id: providerId,
    arguments_text: argumentsText,
    name,
  }));
  const second = normalise(completionOf({ ...outcome.reply, calls: wireCalls }, usage), request, 0);
  const hasSameContent = second.ok && contentOf(second.reply) === contentOf(outcome.reply);
  return hasSameContent ? undefined : { status, retry_after: null, text: text.toWellFormed() };
}

const contentOf = ({ usage: _, ...content }: Reply): string => JSON.stringify(content);

type Kept = Pick<NonNullable<ModelPayload["reply"]>, "text" | "reasoning" | "finish"> & {
  calls: readonly { provider_id: string | null; name: string; arguments_text: string }[];
};

const finishes: Readonly<Record<string, string>> = {
  calls: "tool_calls",
  stop: "stop",
  length: "length",
  filtered: "content_filter",
};

/** A journaled reply as the body of a chat completion. */
export function completionOf(reply: Kept, usage: Partial<ReplyUsage>): unknown {
  const tool_calls = reply.calls.map((call) => ({
    ...(call.provider_id === null ? {} : { id: call.provider_id }),
    type: "function",
    function: { name: call.name, arguments: call.arguments_text },
  }));
  const message = {
    role: "assistant",
    content: reply.text,
    ...(reply.reasoning === "" ? {} : { reasoning: reply.reasoning }),
    ...(tool_calls.length === 0 ? {} : { tool_calls }),
  };
  return {
    object: "chat.completion",
    choices: [{ index: 0, finish_reason: finishes[reply.finish] ?? null, message }],
    usage: {
      prompt_tokens: usage.prompt_tokens ?? 0,
      completion_tokens: usage.completion_tokens ?? 0,
    },
  };
}

/** Reads a journaled call again with today's normaliser; null where its text is not stored. */
export function readAgain(payload: ModelPayload, request: ModelRequest): ModelOutcome | null {
  const { raw, reply, usage } = payload;
  if (raw !== undefined) {
    const body = bodyValue(raw.text);
    if (raw.status >= 200 && raw.status < 300) return normalise(body, request, 0);
    const { status, retry_after: retryAfter } = raw;
    return { ok: false, failure: classify({ status, retryAfter, body, nowMs: 0 }) };
  }
  return reply === null ? null : normalise(completionOf(reply, usage), request, 0);
}
