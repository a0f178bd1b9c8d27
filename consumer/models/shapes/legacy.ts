import { isRecord, type Json, stringAt } from "../../../shared/text/json.ts";
import { wireCalls } from "./chat.ts";
import { contentText, type WireReply } from "./wire.ts";

/** `{response, tool_calls, usage}` of older Workers AI models; JSON mode puts a value into `response`. */
export function readLegacy(body: Json): WireReply | null {
  if (!("response" in body) && !Array.isArray(body.tool_calls)) return null;
  return {
    shape: "legacy",
    text: contentText(body.response),
    reasoning: stringAt(body, "reasoning_content", "reasoning") ?? "",
    calls: wireCalls(body.tool_calls),
    finish: stringAt(body, "finish_reason"),
    usage: isRecord(body.usage) ? body.usage : null,
  };
}
