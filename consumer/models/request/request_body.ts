import type { EchoedCall, Message, ModelRequest } from "../../../shared/models/model.ts";
import { outputTokensFor, type Profile } from "../../../shared/models/profiles.ts";
import { type Json, parseRecord } from "../../../shared/text/json.ts";
import { safeToolName } from "./simplify.ts";

/**
 * The body of a chat completion. Settings and tools come before `messages`, and keys
 * have one order, so that the text of a longer conversation starts with the text of the
 * shorter one up to its last message: prefix caches are paid by the byte.
 */
export function requestBody(request: ModelRequest, profile: Profile): Json {
  const withoutTools = request.jsonSchema !== undefined || request.toolChoice === "none";
  const tools = withoutTools ? [] : request.tools;
  return {
    model: request.model,
    stream: profile.stream,
    ...(profile.stream ? { stream_options: { include_usage: true } } : {}),
    [profile.outputField]: outputTokensFor(profile, request.outputTokensMax),
    ...samplingOf(request, profile),
    ...(request.thinkLess === true ? profile.thinkingLess : profile.thinking),
    ...(request.jsonSchema === undefined || profile.jsonMode === "none"
      ? {}
      : { response_format: jsonFormat(request.jsonSchema, profile) }),
    ...(tools.length === 0
      ? {}
      : {
          tools: tools.map(({ name, description, parameters }) => ({
            type: "function",
            function: { name, description, parameters },
          })),
          ...(profile.toolChoice ? { tool_choice: toolChoiceOf(request) } : {}),
        }),
    messages: wireMessages(request.messages, profile),
  };
}

/** What the task does not set is left to the endpoint. */
function samplingOf({ sampling = {} }: ModelRequest, profile: Profile): Json {
  const set = profile.samplingFields.flatMap((field) =>
    sampling[field] === undefined ? [] : [[field, sampling[field]] as const],
  );
  const { seed } = sampling;
  return {
    ...Object.fromEntries(set),
    ...(seed === undefined || profile.seedField === null ? {} : { [profile.seedField]: seed }),
  };
}

function toolChoiceOf({ toolChoice }: ModelRequest): unknown {
  return typeof toolChoice === "string"
    ? toolChoice
    : { type: "function", function: { name: toolChoice.name } };
}

function jsonFormat(schema: Record<string, unknown>, profile: Profile): Json {
  return {
    type: "json_schema",
    json_schema: profile.jsonMode === "bare" ? schema : { name: "answer", schema },
  };
}

/** Endpoints reject a conversation in which a call has no result, so a missing one is supplied. */
const missingResult = "No result was recorded for this call.";

/** Messages as endpoints accept them: string content, a result for each call, well-formed text. */
export function wireMessages(messages: readonly Message[], profile: Profile): Json[] {
  const out: Json[] = [];
  const waiting = new Map<string, { wireId: string; name: string }>();
  let callsSoFar = 0;
  const closeCalls = () => {
    for (const { wireId, name } of waiting.values())
      out.push(toolMessage(wireId, name, missingResult));
    waiting.clear();
  };
  for (const message of messages) {
    if (message.role === "tool") {
      const call = waiting.get(message.call_id);
      // Every endpoint rejects the result of a call that is not in the conversation.
      if (call === undefined) continue;
      waiting.delete(message.call_id);
      out.push(toolMessage(call.wireId, call.name, message.content));
      continue;
    }
    closeCalls();
    if (message.role !== "assistant") {
      const last = out.at(-1);
      if (message.role === "user" && !profile.userAfterTool && last?.role === "tool") {
        last.content = `${last.content}\n\n${message.content.toWellFormed()}`;
        continue;
      }
      out.push({ role: message.role, content: wireContent(message) });
      continue;
    }
    const calls = (message.calls ?? []).map((call) => {
      // The model may have invented the name, so it may hold any character.
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
  if (!profile.toolNames) for (const message of out) delete message.name;
  return out;
}

/** A message without pictures is sent as a string, since several endpoints reject parts. */
function wireContent(message: Exclude<Message, { role: "tool" | "assistant" }>): unknown {
  const parts = message.role === "user" ? message.parts : undefined;
  if (parts === undefined) return message.content.toWellFormed();
  return parts.map((part) =>
    part.type === "text"
      ? { type: part.type, text: part.text.toWellFormed() }
      : { type: part.type, image_url: part.image_url },
  );
}

function toolMessage(id: string, name: string, content: string): Json {
  return { role: "tool", tool_call_id: id, name, content: content.toWellFormed() };
}

/** Chat templates parse past arguments, so unreadable ones are sent as an empty object. */
function wireArguments(call: EchoedCall): string {
  return parseRecord(call.arguments) === undefined ? "{}" : call.arguments.toWellFormed();
}
