import type { Profile } from "../../../shared/models/profiles.ts";
import type { Quirk } from "../../../shared/models/quirks.ts";
import { isRecord, type Json } from "../../../shared/text/json.ts";
import { type ErrorDetails, readErrorBody } from "../errors/error_body.ts";

/** A change of a model's profile that a rejection calls for, and the quirk that records it. */
export interface Adaptation {
  patch: Partial<Profile>;
  quirk: Quirk;
}

interface Rejection extends ErrorDetails {
  /** The message with its typed codes: where a rejected field is named. */
  messageWithCodes: string;
}

type Rule = (rejection: Rejection, body: Json, profile: Profile) => Adaptation | null;

const unknownField =
  /unsupported|not supported|unknown|unrecognized|not permitted|unexpected|extra|additional|not allowed|invalid (?:parameter|argument|field)|does not support/i;

const rules: readonly Rule[] = [
  function streaming({ messageWithCodes }, body) {
    const onlyStreaming =
      /only (?:support )?stream|stream(?:ing)? mode|must (?:be )?stream|non-?stream|stream(?:ing)? is required|"?stream"? (?:must|should) be (?:set to )?true/i;
    return body.stream !== true && onlyStreaming.test(messageWithCodes)
      ? { patch: { stream: true }, quirk: "request_streamed" }
      : null;
  },
  function messageOrder({ messageWithCodes, words }, _body, profile) {
    const order =
      /unexpected role|after role ['"]?tool|roles? must alternate|invalid_request_message_order/i;
    const isOrderError =
      words.includes("invalid_request_message_order") || order.test(messageWithCodes);
    return profile.userAfterTool && isOrderError
      ? { patch: { userAfterTool: false }, quirk: "request_without_user_after_tool" }
      : null;
  },
  function reasoning({ messageWithCodes }, body, profile) {
    const field = /reasoning_content|reasoning_details|\breasoning\b/i;
    if (!field.test(messageWithCodes)) return null;
    const missing = /missing|must|required|provide|passed? back|need/i.test(messageWithCodes);
    if (profile.reasoningField !== null && holdsReasoning(body, profile.reasoningField)) {
      return unknownField.test(messageWithCodes)
        ? { patch: { reasoningField: null }, quirk: "request_without_reasoning" }
        : null;
    }
    return profile.reasoningField === null && missing && /content|field/i.test(messageWithCodes)
      ? { patch: { reasoningField: "reasoning_content" }, quirk: "request_with_reasoning" }
      : null;
  },
  function outputLimit({ messageWithCodes }, body, profile) {
    if (!/max_(?:completion_)?tokens|output tokens|completion tokens/i.test(messageWithCodes))
      return null;
    const most =
      /(?:at most|maximum of|<=|less than or equal to|up to|maximum (?:value|allowed)[^\d]{0,40}|supports? (?:only )?)[^\d]{0,4}(\d{2,7})/i.exec(
        messageWithCodes,
      )?.[1];
    const limit = Number(most);
    const current = Number(body[profile.outputField]);
    if (Number.isSafeInteger(limit) && limit > 0 && limit < current) {
      return { patch: { outputTokensMax: limit }, quirk: "request_smaller_output" };
    }
    if (!unknownField.test(messageWithCodes) && !/instead/i.test(messageWithCodes)) return null;
    const other = profile.outputField === "max_tokens" ? "max_completion_tokens" : "max_tokens";
    return { patch: { outputField: other }, quirk: "request_other_output_field" };
  },
  function toolChoice({ messageWithCodes }, body) {
    // Without a parser for tools the server cannot be helped by another request.
    if (/--enable-auto-tool-choice|--tool-call-parser|--jinja/.test(messageWithCodes)) return null;
    return "tool_choice" in body && /tool_?\s?choice/i.test(messageWithCodes)
      ? { patch: { toolChoice: false, forcedTool: false }, quirk: "request_without_tool_choice" }
      : null;
  },
  function responseFormat({ messageWithCodes }, body) {
    return "response_format" in body &&
      /response_format|json_schema|json schema|guided|structured output/i.test(messageWithCodes)
      ? { patch: { jsonMode: "none" }, quirk: "request_without_response_format" }
      : null;
  },
  function seed({ messageWithCodes }, body) {
    return "seed" in body && /\bseed\b/i.test(messageWithCodes)
      ? { patch: { seedField: null }, quirk: "request_without_seed" }
      : null;
  },
  function sampling({ messageWithCodes }, body, profile) {
    const rejectedFields = profile.samplingFields.filter(
      (field) => field in body && messageWithCodes.includes(field),
    );
    if (
      rejectedFields.length === 0 ||
      !/support|unknown|unexpected|permitted|allowed|default/i.test(messageWithCodes)
    ) {
      return null;
    }
    const samplingFields = profile.samplingFields.filter(
      (field) => !rejectedFields.includes(field),
    );
    return { patch: { samplingFields }, quirk: "request_without_sampling" };
  },
  function thinking({ messageWithCodes }, _body, profile) {
    const settings = [...Object.keys(profile.thinking), ...Object.keys(profile.thinkingLess)];
    return settings.some((key) => messageWithCodes.includes(key))
      ? { patch: { thinking: {}, thinkingLess: {} }, quirk: "request_without_thinking" }
      : null;
  },
  function toolNames({ messageWithCodes }, _body, profile) {
    return profile.toolNames && /messages\.\d+\.(?:\w{1,20}\.)?name\b/.test(messageWithCodes)
      ? { patch: { toolNames: false }, quirk: "request_without_tool_names" }
      : null;
  },
];

function holdsReasoning(body: Json, field: string): boolean {
  return Array.isArray(body.messages) && body.messages.some((m) => isRecord(m) && field in m);
}

/** The change that makes a rejected request acceptable, or null where the error names none. */
export function adaptationFor(errorBody: unknown, body: Json, profile: Profile): Adaptation | null {
  const details = readErrorBody(errorBody);
  const messageWithCodes = `${details.text} ${details.words.join(" ")}`.slice(0, 2_000);
  for (const rule of rules) {
    const adaptation = rule({ ...details, messageWithCodes }, body, profile);
    if (adaptation !== null) return adaptation;
  }
  return null;
}
