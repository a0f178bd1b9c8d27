import { modelLimits } from "../../../shared/limits.ts";
import type {
  Call,
  Finish,
  ModelOutcome,
  ModelRequest,
  Reply,
} from "../../../shared/models/model.ts";
import type { Quirk } from "../../../shared/models/quirks.ts";
import { type Failure, failure } from "../../../shared/task/failures.ts";
import { extractCalls, holdsUnreadMarkup } from "../call_formats/extract_calls.ts";
import { classify } from "../errors/classify.ts";
import { type RepairContext, repairCall } from "../repair/repair.ts";
import { readShape } from "../shapes/read.ts";
import type { WireCall, WireReply } from "../shapes/wire.ts";
import { type FinishMeaning, finishMeaning } from "./finish.ts";
import { splitReasoning, withoutEndTokens } from "./reasoning.ts";
import { repeatsItself } from "./repetition.ts";
import { usageOf } from "./usage.ts";

/**
 * Turns any endpoint's body into one reply or a classified failure. Pure and total. It judges each
 * reply by its own shape and content, never by the model's name. The reason to stop can only make a
 * reply less: an unknown one, or announced calls that are absent, is never an answer.
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
  const meaning = finishMeaning(read.reply.finish);
  const reply = replyOf(read.reply, meaning, request);
  if (meaning !== "interrupted") return { ok: true, reply };
  return { ok: false, failure: brokenOff(read.reply), usage: reply.usage };
}

const brokenOff = ({ finish }: WireReply): Failure =>
  failure(
    "model_interrupted",
    `The endpoint broke the reply off: it stopped for ${JSON.stringify(finish?.slice(0, 80))}.`,
  );

function replyOf(wire: WireReply, meaning: FinishMeaning, request: ModelRequest): Reply {
  const split = splitReasoning(wire.text);
  const quirks: Quirk[] = [...split.quirks];
  const cut = meaning === "length";
  // JSON is never a call if the request asked for JSON.
  const mayLeak =
    wire.calls.length === 0 && ["stop", "calls", "absent", "unknown"].includes(meaning);
  const isJson = request.jsonSchema !== undefined;
  const leak = mayLeak && !isJson ? extractCalls(split.text, request.tools) : null;
  if (leak !== null) quirks.push(...leak.formats.map((name): Quirk => `call_in_text_${name}`));
  const wireCalls = leak?.calls ?? wire.calls;
  const { calls, quirks: callQuirks } = readCalls(wireCalls, request, {
    cut,
    leaked: leak !== null,
    finished: meaning === "stop" || meaning === "calls",
  });
  quirks.push(...callQuirks);
  if (wire.split === true) quirks.push("calls_in_several_choices");
  const text = (leak?.text ?? withoutEndTokens(split.text)).toWellFormed();
  const reasoning = [wire.reasoning, split.reasoning]
    .filter((part) => part !== "")
    .join("\n")
    .toWellFormed();
  const unread = calls.length === 0 && !isJson && !cut && holdsUnreadMarkup(text);
  if (unread) quirks.push("markup_in_text");
  const finish = finishOf(meaning, { calls: calls.length, text, unread });
  quirks.push(...finishQuirks(meaning, wire.calls.length, calls.length, text));
  if (repeatsItself(text) || (text === "" && repeatsItself(reasoning))) quirks.push("text_repeats");
  const content = `${text}${reasoning}${wireCalls.map((call) => call.name).join("")}`;
  const usage = usageOf(wire, request, content);
  return { text, reasoning, calls, finish, usage, quirks: [...new Set(quirks)] };
}

function readCalls(
  wireCalls: readonly WireCall[],
  request: ModelRequest,
  options: Omit<RepairContext, "tools">,
): { calls: Call[]; quirks: Quirk[] } {
  const firstCalls = wireCalls.slice(0, modelLimits.callsPerReplyMax);
  const repaired = firstCalls.map((call) => repairCall(call, { tools: request.tools, ...options }));
  const ids = freshIds(request, firstCalls.length);
  const quirks: Quirk[] = firstCalls.length < wireCalls.length ? ["calls_over_limit"] : [];
  quirks.push(...repaired.flatMap((call) => call.quirks), ...idQuirks(firstCalls, options.leaked));
  const calls = repaired.map(({ quirks: _, ...call }, index): Call => {
    return { id: ids[index] ?? "", providerId: firstCalls[index]?.id ?? null, ...call };
  });
  return { calls, quirks };
}

interface Content {
  calls: number;
  text: string;
  /** True if tokens of a call or of reasoning remain in the text. */
  unread: boolean;
}

function finishOf(meaning: FinishMeaning, { calls, text, unread }: Content): Finish {
  if (meaning === "length" || meaning === "filtered") return meaning;
  if (calls > 0) return "calls";
  const isFinished = meaning === "stop" || meaning === "absent";
  return isFinished && !unread && text.trim() !== "" ? "stop" : "unknown";
}

function finishQuirks(
  meaning: FinishMeaning,
  sentCalls: number,
  calls: number,
  text: string,
): Quirk[] {
  const quirks: Quirk[] = [];
  if (meaning === "unknown") quirks.push("finish_unknown");
  if (meaning === "calls" && calls === 0) quirks.push("calls_announced_but_absent");
  if (meaning === "stop" && sentCalls > 0) quirks.push("calls_not_announced");
  const isEmpty = calls === 0 && text.trim() === "";
  if (isEmpty) quirks.push(meaning === "length" ? "thought_filled_reply" : "reply_empty");
  return quirks;
}

function idQuirks(calls: readonly WireCall[], areLeaked: boolean): Quirk[] {
  const quirks: Quirk[] = [];
  if (areLeaked) return quirks;
  const ids = calls.map((call) => call.id).filter((id) => id !== null && id !== "");
  if (ids.length < calls.length) quirks.push("call_id_missing");
  if (new Set(ids).size < ids.length) quirks.push("call_id_repeated");
  return quirks;
}

/**
 * Our own ids, since endpoints leave them out or start again each turn. They continue from the
 * transcript, skip what it holds, and have the nine letters and digits that Mistral's template wants.
 */
function freshIds(request: ModelRequest, count: number): string[] {
  const takenIds = new Set(
    request.messages.flatMap((message) =>
      message.role === "assistant" ? (message.calls ?? []).map((call) => call.id) : [],
    ),
  );
  const ids: string[] = [];
  for (let next = takenIds.size; ids.length < count; next += 1) {
    const id = `call${String(next).padStart(5, "0")}`;
    if (!takenIds.has(id)) ids.push(id);
  }
  return ids;
}
