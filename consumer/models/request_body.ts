import { outputTokensFor, type Profile } from "../../shared/models/profiles.ts";
import { type Json, parseRecord } from "./json.ts";
import type { EchoedCall, Message, ModelRequest } from "./model.ts";
import { safeToolName } from "./simplify.ts";

/**
 * The body of a chat completion. Settings and tools stand before `messages`, and keys
 * have one order, so that the text of a longer conversation starts with the text of the
 * shorter one up to its last message: prefix caches are paid by the byte.
 */
export function requestBody(request: ModelRequest, profile: Profile): Json {
  const silent = request.jsonSchema !== undefined || request.toolChoice === "none";
  const offered = silent ? [] : request.tools;
  return {
    model: request.model,
    stream: false,
    [profile.outputField]: outputTokensFor(profile, request.outputTokensMax),
    ...sampled(request),
    ...(request.thinkLess === true ? profile.thinkingLess : profile.thinking),
    ...(request.jsonSchema === undefined || profile.jsonMode === "none"
      ? {}
      : { response_format: jsonFormat(request.jsonSchema, profile) }),
    ...(offered.length === 0
      ? {}
      : {
          tools: offered.map(({ name, description, parameters }) => ({
            type: "function",
            function: { name, description, parameters },
          })),
          tool_choice:
            typeof request.toolChoice === "string"
              ? request.toolChoice
              : { type: "function", function: { name: request.toolChoice.name } },
        }),
    messages: wireMessages(request.messages, profile),
  };
}

/** What the task does not say is left to the endpoint. The room for a reply is reckoned with elsewhere. */
function sampled({ sampling = {} }: ModelRequest): Json {
  const { temperature, top_p, seed } = sampling;
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(top_p === undefined ? {} : { top_p }),
    ...(seed === undefined ? {} : { seed }),
  };
}

function jsonFormat(schema: Record<string, unknown>, profile: Profile): Json {
  return {
    type: "json_schema",
    json_schema: profile.jsonMode === "bare" ? schema : { name: "answer", schema },
  };
}

/** Endpoints refuse a conversation in which a call has no answer, so a missing one is supplied. */
const unanswered = "No result was recorded for this call.";

/** Messages as endpoints accept them: string content, each call answered, well-formed text. */
export function wireMessages(messages: readonly Message[], profile: Profile): Json[] {
  const out: Json[] = [];
  const waiting = new Map<string, { wireId: string; name: string }>();
  let callsSoFar = 0;
  const closeCalls = () => {
    for (const { wireId, name } of waiting.values())
      out.push(toolMessage(wireId, name, unanswered));
    waiting.clear();
  };
  for (const message of messages) {
    if (message.role === "tool") {
      const call = waiting.get(message.call_id);
      // An answer to a call that nobody made would be refused by every endpoint.
      if (call === undefined) continue;
      waiting.delete(message.call_id);
      out.push(toolMessage(call.wireId, call.name, message.content));
      continue;
    }
    closeCalls();
    if (message.role !== "assistant") {
      out.push({ role: message.role, content: message.content.toWellFormed() });
      continue;
    }
    const calls = (message.calls ?? []).map((call) => {
      // The model may have made the name up, so it may hold anything.
      const name = safeToolName(call.name);
      const wireId = profile.callIds === "kimi" ? `functions.${name}:${callsSoFar}` : call.id;
      callsSoFar += 1;
      waiting.set(call.id, { wireId, name });
      return {
        id: wireId,
        type: "function",
        function: { name, arguments: wireArguments(call) },
      };
    });
    out.push({
      role: "assistant",
      content: message.content.toWellFormed(),
      ...(profile.reasoningField === null
        ? {}
        : { [profile.reasoningField]: (message.reasoning ?? "").toWellFormed() }),
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
    });
  }
  closeCalls();
  return out;
}

function toolMessage(id: string, name: string, content: string): Json {
  return { role: "tool", tool_call_id: id, name, content: content.toWellFormed() };
}

/** Chat templates parse past arguments, so unreadable ones are sent as an empty object. */
function wireArguments(call: EchoedCall): string {
  return parseRecord(call.arguments) === undefined ? "{}" : call.arguments.toWellFormed();
}
