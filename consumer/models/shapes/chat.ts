import { isRecord, type Json, stringAt } from "../../../shared/text/json.ts";
import { finishMeaning } from "../reply/finish.ts";
import { contentText, reasoningText, type WireCall, type WireReply } from "./wire.ts";

/** One entry of `tool_calls`, nested under `function` or flat; arguments as text or as a value. */
export function wireCall(entry: unknown): WireCall | null {
  if (!isRecord(entry)) return null;
  const callee = isRecord(entry.function) ? entry.function : entry;
  const name = stringAt(callee, "name") ?? stringAt(entry, "name");
  if (name === null) return null;
  return {
    id: stringAt(entry, "id", "call_id", "tool_call_id"),
    name,
    arguments: callee.arguments ?? callee.parameters ?? callee.input,
  };
}

export function wireCalls(entries: unknown): WireCall[] {
  if (!Array.isArray(entries)) return [];
  return entries.map(wireCall).filter((call) => call !== null);
}

const reasoningKeys = ["reasoning_content", "reasoning", "thinking", "reasoning_text"];

function reasoningOf(message: Json): string {
  const ownField = stringAt(message, ...reasoningKeys);
  if (ownField !== null && ownField !== "") return ownField;
  const parts = [message.reasoning, message.reasoning_details, message.thinking].find(
    Array.isArray,
  );
  const partsText = parts === undefined ? "" : contentText(parts) || reasoningText(parts);
  return partsText || reasoningText(message.content);
}

/** What an assistant message holds, in any envelope. */
export function fromMessage(
  message: Json,
): Pick<WireReply, "text" | "reasoning" | "calls"> & { refusal: boolean } {
  const refusal = stringAt(message, "refusal");
  const single = message.function_call === undefined ? [] : [message.function_call];
  const calls = wireCalls(message.tool_calls);
  return {
    text: contentText(message.content) || (refusal ?? ""),
    reasoning: reasoningOf(message),
    calls: calls.length > 0 ? calls : wireCalls(single),
    refusal: refusal !== null && refusal !== "",
  };
}

/** The endpoint's reason to stop: text, or a record that holds it; the upstream's where there is none. */
export function finishOf(choice: Json): string | null {
  for (const key of ["finish_reason", "finishReason", "native_finish_reason", "stop_reason"]) {
    const value = choice[key];
    if (typeof value === "string" && value !== "") return value;
    if (isRecord(value)) return stringAt(value, "type", "reason") ?? "unknown";
  }
  return null;
}

interface Choice extends ReturnType<typeof fromMessage> {
  finish: string | null;
}

function readChoice(choice: Json): Choice {
  const message = isRecord(choice.message) ? choice.message : { content: choice.text };
  return { ...fromMessage(message), finish: finishOf(choice) };
}

/** `{choices: [{message, finish_reason}], usage}`, also with `text` in place of `message`. */
export function readChat(body: Json): WireReply | null {
  if (!Array.isArray(body.choices)) return null;
  const choices = body.choices.filter(isRecord).map(readChoice);
  const [first, ...others] = choices;
  if (first === undefined) return null;
  // One reply is asked for, so several choices with calls are one reply that the server split.
  const split = others.some(({ calls }) => calls.length > 0);
  const failedChoice = choices.find(({ finish }) =>
    ["interrupted", "length", "filtered", "unknown"].includes(finishMeaning(finish)),
  );
  return {
    shape: "chat",
    text: first.text || (split ? (others.find(({ text }) => text !== "")?.text ?? "") : ""),
    reasoning: first.reasoning,
    calls: choices.flatMap(({ calls }) => calls),
    finish: first.refusal ? "content_filter" : ((split ? failedChoice : undefined) ?? first).finish,
    usage: isRecord(body.usage) ? body.usage : null,
    ...(split ? { split } : {}),
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
    // A chunk that is not the last one was received as the whole reply.
    finish: body.done ? stringAt(body, "done_reason") : "interrupted",
    usage: { prompt_tokens: prompt_eval_count, completion_tokens: eval_count },
  };
}
