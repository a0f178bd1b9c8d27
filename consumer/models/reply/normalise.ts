import { failure } from "../../../shared/failures.ts";
import { countAt, isRecord, type Json, nestsBeyond } from "../../../shared/json.ts";
import { modelLimits } from "../../../shared/limits.ts";
import { estimatePrompt, estimateTokens } from "../../../shared/models/tokens.ts";
import { extractCalls } from "../call_formats/extract_calls.ts";
import { classify } from "../errors/classify.ts";
import type { Call, Finish, ModelOutcome, ModelRequest, ReplyUsage } from "../model.ts";
import type { Quirk } from "../quirks.ts";
import { repairCall } from "../repair/repair.ts";
import { readShape } from "../shapes/read.ts";
import type { WireCall, WireReply } from "../shapes/wire.ts";
import { repeatsItself } from "./repetition.ts";
import { splitThinking } from "./thinking.ts";

/**
 * Turns any endpoint's body into one reply or a classified failure. Pure and total. It
 * judges each reply by its own shape and content, never by the model's name or by the
 * endpoint's word for why it stopped.
 */
export function normalise(body: unknown, request: ModelRequest, nowMs: number): ModelOutcome {
  const read = readShape(body);
  if (read.kind === "error") {
    return {
      ok: false,
      failure: classify({ status: null, retryAfter: null, body: read.body, nowMs }),
    };
  }
  if (read.kind === "unknown") {
    return {
      ok: false,
      failure: failure("model_unreadable", "The model's reply has no shape that is known here."),
    };
  }
  return { ok: true, reply: replyOf(read.reply, request) };
}

function replyOf(wire: WireReply, request: ModelRequest) {
  const spoken = splitThinking(wire.text);
  const quirks: Quirk[] = [...spoken.quirks];
  const cut = /^(length|max_tokens|model_length|max_output_tokens)$/i.test(wire.finish ?? "");
  const filtered = /content_filter|safety|moderation/i.test(wire.finish ?? "");
  const { tools } = request;
  // JSON that was asked for is no call, whatever it looks like.
  const mayLeak = wire.calls.length === 0 && !cut && !filtered && request.jsonSchema === undefined;
  const leak = mayLeak ? extractCalls(spoken.text, tools) : null;
  if (leak !== null) quirks.push(`call_in_text_${leak.dialect}`);
  const sent = leak?.calls ?? wire.calls;
  const kept = sent.slice(0, modelLimits.callsPerReplyMax);
  if (kept.length < sent.length) quirks.push("calls_over_limit");
  const mended = kept.map((call) => repairCall(call, { tools, cut, leaked: leak !== null }));
  quirks.push(...mended.flatMap((call) => call.quirks), ...idQuirks(kept, leak !== null));
  const ids = freshIds(request, kept.length);
  const calls = mended.map(({ quirks: _, ...call }, index): Call => {
    return { id: ids[index] ?? "", providerId: kept[index]?.id ?? null, ...call };
  });
  const text = (leak?.text ?? spoken.text).toWellFormed();
  const reasoning = [wire.reasoning, spoken.reasoning]
    .filter((part) => part !== "")
    .join("\n")
    .toWellFormed();
  const finish = finishOf({ cut, filtered, calls: calls.length, text });
  quirks.push(...finishQuirks(wire, calls.length, text, cut));
  if (repeatsItself(text) || (text === "" && repeatsItself(reasoning))) quirks.push("text_repeats");
  const usage = usageOf(wire, request, `${text}${reasoning}${kept.map((c) => c.name).join("")}`);
  return { text, reasoning, calls, finish, usage, quirks: [...new Set(quirks)] };
}

interface Content {
  cut: boolean;
  filtered: boolean;
  calls: number;
  text: string;
}

function finishOf({ cut, filtered, calls, text }: Content): Finish {
  if (cut) return "length";
  if (filtered) return "filtered";
  if (calls > 0) return "calls";
  return text.trim() === "" ? "unknown" : "stop";
}

function finishQuirks(wire: WireReply, calls: number, text: string, cut: boolean): Quirk[] {
  const quirks: Quirk[] = [];
  const announced = wire.finish === "tool_calls" || wire.finish === "function_call";
  if (announced && calls === 0) quirks.push("calls_announced_but_absent");
  if (wire.finish === "stop" && wire.calls.length > 0) quirks.push("calls_not_announced");
  const empty = calls === 0 && text.trim() === "";
  if (empty) quirks.push(cut ? "thought_filled_reply" : "reply_empty");
  return quirks;
}

function idQuirks(calls: readonly WireCall[], leaked: boolean): Quirk[] {
  const quirks: Quirk[] = [];
  if (leaked) return quirks;
  const ids = calls.map((call) => call.id).filter((id) => id !== null && id !== "");
  if (ids.length < calls.length) quirks.push("call_id_missing");
  if (new Set(ids).size < ids.length) quirks.push("call_id_repeated");
  return quirks;
}

/**
 * Ids of our own, since endpoints leave them out or begin again each turn. They go on
 * counting from the transcript, skip what it holds, and have the nine letters and digits
 * that Mistral's template insists on.
 */
function freshIds(request: ModelRequest, count: number): string[] {
  const taken = new Set(
    request.messages.flatMap((message) =>
      message.role === "assistant" ? (message.calls ?? []).map((call) => call.id) : [],
    ),
  );
  const ids: string[] = [];
  for (let next = taken.size; ids.length < count; next += 1) {
    const id = `call${String(next).padStart(5, "0")}`;
    if (!taken.has(id)) ids.push(id);
  }
  return ids;
}

/** The stores add up what endpoints say, and no sum may leave the whole numbers that they hold exactly. */
function toldAt(record: unknown, ...keys: string[]): number | null {
  const told = countAt(record, ...keys);
  return told === null ? null : Math.min(told, modelLimits.reportedCountMax);
}

/** The arguments as text for an estimate; nothing where they nest deeper than a call may. */
function argumentsText(value: unknown): string {
  return nestsBeyond(value, modelLimits.argumentsDepthMax) ? "" : JSON.stringify(value ?? "");
}

function usageOf(wire: WireReply, request: ModelRequest, said: string): ReplyUsage {
  const sent: Json = wire.usage ?? {};
  const prompt = toldAt(sent, "prompt_tokens", "input_tokens");
  const completion = toldAt(sent, "completion_tokens", "output_tokens");
  const details = [sent.prompt_tokens_details, sent.input_tokens_details].find(isRecord);
  const cached = toldAt(details, "cached_tokens") ?? toldAt(sent, "prompt_cache_hit_tokens");
  // An endpoint that bills nothing says zero for both, which would blind the budgets.
  const silent = prompt === null || (prompt === 0 && (completion ?? 0) === 0);
  const calls = wire.calls.map((call) => argumentsText(call.arguments)).join("");
  return {
    prompt_tokens: silent ? estimatePrompt(request) : Math.round(prompt),
    cached_tokens: silent ? 0 : Math.min(Math.round(cached ?? 0), Math.round(prompt)),
    completion_tokens:
      silent || completion === null ? estimateTokens(said + calls) : Math.round(completion),
    neurons: toldAt(sent, "neurons"),
    estimated: silent || completion === null,
  };
}
