import { modelLimits } from "../../../shared/limits.ts";
import { isRecord, type Json, parseJson, stringAt } from "../../../shared/text/json.ts";
import { finishOf } from "./chat.ts";
import { contentText, reasoningText } from "./wire.ts";

interface Part {
  id: string | null;
  name: string;
  /** Arguments as parts of a text, or as a value if an engine sends it at once. */
  arguments: unknown;
}

/**
 * Folds a stream of server-sent events into one chat completion, for endpoints that
 * stream although asked not to. Undefined where the text is no such stream, or where it
 * has no end: a stream cut short is never taken for a reply.
 */
export function foldEvents(text: string): Json | undefined {
  if (!/^\s*(data|event|id|retry|:)/.test(text)) return undefined;
  // Read by the line and not by the event: servers leave out the blank lines between events, and a
  // parser of the standard (eventsource-parser was considered) then joins two chunks into one text.
  let finish: string | null = null;
  let content = "";
  let reasoning = "";
  let usage: Json | null = null;
  const parts = new Map<string, Part>();
  let isDone = false;
  let unreadable = 0;
  for (const chunk of dataLines(text)) {
    if (chunk === "[DONE]") isDone = true;
    if (!chunk.startsWith("{")) continue;
    const value = parseJson(chunk);
    if (!isRecord(value)) {
      unreadable += 1;
      if (unreadable > modelLimits.unreadableEventsMax) return undefined;
      continue;
    }
    if ("error" in value) return value;
    usage = fuller(usage, value.usage);
    const choices = Array.isArray(value.choices) ? value.choices.filter(isRecord) : [];
    // The format of Workers AI's older models. In a stream of another format, a last event in it repeats the whole text.
    if (choices.length === 0) content += stringAt(value, "response") ?? "";
    for (const choice of choices) {
      if ("error" in choice && isRecord(choice.error)) return { error: choice.error };
      const index = typeof choice.index === "number" ? choice.index : 0;
      const delta = isRecord(choice.delta) ? choice.delta : {};
      finish = finishOf(choice) ?? finish;
      if (index === 0) content += contentText(delta.content);
      reasoning +=
        stringAt(delta, "reasoning_content", "reasoning") ?? reasoningText(delta.content);
      const calls: readonly unknown[] = Array.isArray(delta.tool_calls) ? delta.tool_calls : [];
      for (const call of calls) grow(parts, call, index);
    }
  }
  if (finish === null && !isDone) return undefined;
  const tool_calls = [...parts.values()]
    .filter((part) => part.name !== "" || part.arguments !== "")
    .map((part) => ({ id: part.id, function: part }));
  return {
    choices: [
      { finish_reason: finish, message: { content, reasoning_content: reasoning, tool_calls } },
    ],
    usage,
  };
}

/** What follows `data:` on each line, one line at a time: a list of empty lines would be larger than the text. */
function* dataLines(text: string): Generator<string> {
  for (const [line] of text.matchAll(/^data:.*/gm)) yield line.slice("data:".length).trim();
}

/** Some servers send usage in parts and then once as a total: the record with the most tokens is the total. */
function fuller(previous: Json | null, usage: unknown): Json | null {
  if (!isRecord(usage)) return previous;
  const total = (counts: Json | null) =>
    counts !== null && typeof counts.total_tokens === "number" ? counts.total_tokens : 0;
  return previous === null || total(usage) >= total(previous) ? usage : previous;
}

function grow(parts: Map<string, Part>, call: unknown, choice: number): void {
  if (!isRecord(call)) return;
  const key = `${choice}:${typeof call.index === "number" ? call.index : parts.size}`;
  const part = parts.get(key) ?? { id: null, name: "", arguments: "" };
  const callee = isRecord(call.function) ? call.function : {};
  part.id ??= stringAt(call, "id");
  part.name += stringAt(callee, "name") ?? "";
  const argumentsText = callee.arguments;
  if (typeof argumentsText !== "string") part.arguments = argumentsText ?? part.arguments;
  else if (typeof part.arguments === "string") part.arguments += argumentsText;
  parts.set(key, part);
}
