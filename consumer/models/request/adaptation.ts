import { isRecord, type Json } from "../../../shared/json.ts";
import type { Profile } from "../../../shared/models/profiles.ts";
import { type ErrorDetails, readErrorBody } from "../errors/error_body.ts";
import type { Quirk } from "../quirks.ts";

/** A change of a model's profile that a rejection calls for, and the quirk that records it. */
export interface Adaptation {
  patch: Partial<Profile>;
  quirk: Quirk;
}

interface Rejection extends ErrorDetails {
  /** The message with its typed codes: where a rejected field is named. */
  all: string;
}

type Rule = (rejection: Rejection, sent: Json, profile: Profile) => Adaptation | null;

const unknownField =
  /unsupported|not supported|unknown|unrecognized|not permitted|unexpected|extra|additional|not allowed|invalid (?:parameter|argument|field)|does not support/i;

const rules: readonly Rule[] = [
  function streaming({ all }, sent) {
    const only =
      /only (?:support )?stream|stream(?:ing)? mode|must (?:be )?stream|non-?stream|stream(?:ing)? is required|"?stream"? (?:must|should) be (?:set to )?true/i;
    return sent.stream !== true && only.test(all)
      ? { patch: { stream: true }, quirk: "request_streamed" }
      : null;
  },
  function messageOrder({ all, words }, _sent, profile) {
    const order =
      /unexpected role|after role ['"]?tool|roles? must alternate|invalid_request_message_order/i;
    const named = words.includes("invalid_request_message_order") || order.test(all);
    return profile.userAfterTool && named
      ? { patch: { userAfterTool: false }, quirk: "request_without_user_after_tool" }
      : null;
  },
  function reasoning({ all }, sent, profile) {
    const field = /reasoning_content|reasoning_details|\breasoning\b/i;
    if (!field.test(all)) return null;
    const missing = /missing|must|required|provide|passed? back|need/i.test(all);
    if (profile.reasoningField !== null && holdsReasoning(sent, profile.reasoningField)) {
      return unknownField.test(all)
        ? { patch: { reasoningField: null }, quirk: "request_without_reasoning" }
        : null;
    }
    return profile.reasoningField === null && missing && /content|field/i.test(all)
      ? { patch: { reasoningField: "reasoning_content" }, quirk: "request_with_reasoning" }
      : null;
  },
  function outputLimit({ all }, sent, profile) {
    if (!/max_(?:completion_)?tokens|output tokens|completion tokens/i.test(all)) return null;
    const most =
      /(?:at most|maximum of|<=|less than or equal to|up to|maximum (?:value|allowed)[^\d]{0,40}|supports? (?:only )?)[^\d]{0,4}(\d{2,7})/i.exec(
        all,
      )?.[1];
    const limit = Number(most);
    const current = Number(sent[profile.outputField]);
    if (Number.isSafeInteger(limit) && limit > 0 && limit < current) {
      return { patch: { outputTokensMax: limit }, quirk: "request_smaller_output" };
    }
    if (!unknownField.test(all) && !/instead/i.test(all)) return null;
    const other = profile.outputField === "max_tokens" ? "max_completion_tokens" : "max_tokens";
    return { patch: { outputField: other }, quirk: "request_other_output_field" };
  },
  function toolChoice({ all }, sent) {
    // Without a parser for tools the server cannot be helped by another request.
    if (/--enable-auto-tool-choice|--tool-call-parser|--jinja/.test(all)) return null;
    return "tool_choice" in sent && /tool_?\s?choice/i.test(all)
      ? { patch: { toolChoice: false, forcedTool: false }, quirk: "request_without_tool_choice" }
      : null;
  },
  function responseFormat({ all }, sent) {
    return "response_format" in sent &&
      /response_format|json_schema|json schema|guided|structured output/i.test(all)
      ? { patch: { jsonMode: "none" }, quirk: "request_without_response_format" }
      : null;
  },
  function seed({ all }, sent) {
    return "seed" in sent && /\bseed\b/i.test(all)
      ? { patch: { seedField: null }, quirk: "request_without_seed" }
      : null;
  },
  function sampling({ all }, sent, profile) {
    const refused = profile.samplingFields.filter((field) => field in sent && all.includes(field));
    if (
      refused.length === 0 ||
      !/support|unknown|unexpected|permitted|allowed|default/i.test(all)
    ) {
      return null;
    }
    const samplingFields = profile.samplingFields.filter((field) => !refused.includes(field));
    return { patch: { samplingFields }, quirk: "request_without_sampling" };
  },
  function thinking({ all }, _sent, profile) {
    const settings = [...Object.keys(profile.thinking), ...Object.keys(profile.thinkingLess)];
    return settings.some((key) => all.includes(key))
      ? { patch: { thinking: {}, thinkingLess: {} }, quirk: "request_without_thinking" }
      : null;
  },
  function toolNames({ all }, _sent, profile) {
    return profile.toolNames && /messages\.\d+\.(?:\w{1,20}\.)?name\b/.test(all)
      ? { patch: { toolNames: false }, quirk: "request_without_tool_names" }
      : null;
  },
];

function holdsReasoning(sent: Json, field: string): boolean {
  return Array.isArray(sent.messages) && sent.messages.some((m) => isRecord(m) && field in m);
}

/** The change that makes a rejected request acceptable, or null where the error names none. */
export function adaptationFor(errorBody: unknown, sent: Json, profile: Profile): Adaptation | null {
  const details = readErrorBody(errorBody);
  const all = `${details.text} ${details.words.join(" ")}`.slice(0, 2_000);
  for (const rule of rules) {
    const found = rule({ ...details, all }, sent, profile);
    if (found !== null) return found;
  }
  return null;
}
