import { isRecord, type Json, stringAt } from "../../../shared/json.ts";
import { contentText, type WireCall, type WireReply } from "./wire.ts";

/** One entry of `tool_calls`, nested under `function` or flat; arguments as text or as a value. */
export function wireCall(entry: unknown): WireCall | null {
  if (!isRecord(entry)) return null;
  const called = isRecord(entry.function) ? entry.function : entry;
  const name = stringAt(called, "name") ?? stringAt(entry, "name");
  if (name === null) return null;
  return {
    id: stringAt(entry, "id", "call_id", "tool_call_id"),
    name,
    arguments: called.arguments ?? called.parameters ?? called.input,
  };
}

export function wireCalls(entries: unknown): WireCall[] {
  if (!Array.isArray(entries)) return [];
  return entries.map(wireCall).filter((call) => call !== null);
}

function reasoningOf(message: Json): string {
  const named = stringAt(message, "reasoning_content", "reasoning", "thinking");
  return named ?? (Array.isArray(message.reasoning) ? contentText(message.reasoning) : "");
}

/** What an assistant message holds, in any envelope. */
export function fromMessage(
  message: Json,
): Pick<WireReply, "text" | "reasoning" | "calls"> & { refusal: boolean } {
  const refusal = stringAt(message, "refusal");
  const single = message.function_call === undefined ? [] : [message.function_call];
  const listed = wireCalls(message.tool_calls);
  return {
    text: contentText(message.content) || (refusal ?? ""),
    reasoning: reasoningOf(message),
    calls: listed.length > 0 ? listed : wireCalls(single),
    refusal: refusal !== null && refusal !== "",
  };
}

/** `{choices: [{message, finish_reason}], usage}`, also with `text` in place of `message`. */
export function readChat(body: Json): WireReply | null {
  if (!Array.isArray(body.choices)) return null;
  const choice: unknown = body.choices[0];
  if (!isRecord(choice)) return null;
  const message = isRecord(choice.message) ? choice.message : { content: choice.text };
  const { refusal, ...content } = fromMessage(message);
  return {
    shape: "chat",
    ...content,
    finish: refusal ? "content_filter" : stringAt(choice, "finish_reason"),
    usage: isRecord(body.usage) ? body.usage : null,
  };
}

/** Ollama's native reply: `{message, done, done_reason, prompt_eval_count, eval_count}`. */
export function readOllama(body: Json): WireReply | null {
  if (!isRecord(body.message) || typeof body.done !== "boolean") return null;
  const { refusal: _, ...content } = fromMessage(body.message);
  const { prompt_eval_count, eval_count } = body;
  return {
    shape: "ollama",
    ...content,
    finish: stringAt(body, "done_reason"),
    usage: { prompt_tokens: prompt_eval_count, completion_tokens: eval_count },
  };
}
