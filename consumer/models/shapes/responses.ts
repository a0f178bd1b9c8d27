import { isRecord, type Json, stringAt } from "../../../shared/text/json.ts";
import { contentText, type WireCall, type WireReply } from "./wire.ts";

/** `{output: [reasoning | function_call | message], usage, status}`: OpenAI's Responses API. */
export function readResponses(body: Json): WireReply | null {
  if (!Array.isArray(body.output)) return null;
  const items = body.output.filter(isRecord);
  const ofType = (type: string) => items.filter((item) => item.type === type);
  const isRefused = ofType("message").some(
    (item) =>
      Array.isArray(item.content) &&
      item.content.some((part) => isRecord(part) && part.type === "refusal"),
  );
  const calls = ofType("function_call").flatMap((item): WireCall[] => {
    const name = stringAt(item, "name");
    if (name === null) return [];
    return [{ id: stringAt(item, "call_id", "id"), name, arguments: item.arguments }];
  });
  return {
    shape: "responses",
    text: ofType("message")
      .map((item) => contentText(item.content))
      .join(""),
    reasoning: ofType("reasoning")
      .map((item) => contentText(item.content) || contentText(item.summary))
      .join("\n"),
    calls,
    finish: isRefused ? "content_filter" : stopReason(body),
    usage: isRecord(body.usage) ? body.usage : null,
  };
}

function stopReason(body: Json): string | null {
  if (body.status !== "incomplete") return null;
  const details = body.incomplete_details;
  const reason = isRecord(details) ? stringAt(details, "reason") : null;
  return reason === "content_filter" ? reason : "length";
}
