import type { FailureCode } from "../../../shared/task/failures.ts";
import type { ErrorDetails } from "./error_body.ts";

/** The fields of MODEL_PROFILES that avoid a rejected part of a request, by the part's name in the error. */
const profileFields: readonly (readonly [RegExp, string])[] = [
  [/reasoning_content|reasoning_details/i, "reasoning_field"],
  [/max_(?:completion_)?tokens/i, "output_field"],
  [/tool_choice/i, "forced_tool"],
  [/response_format|json_schema|guided_json/i, "json_mode"],
  [/image input|support (?:image|vision)|multimodal/i, "vision"],
];

/** What to set, for a failure that only its operator can fix; empty for the others. */
export function adviceFor(
  code: FailureCode,
  status: number | null,
  { text, words }: ErrorDetails,
): string {
  if (code === "model_not_found") {
    const model = /model|deployment/i.test(`${text} ${words.join(" ")}`);
    return model
      ? "Set MODEL to a model that this endpoint serves, or MODEL_BASE_URL to the endpoint that serves it."
      : "Check MODEL_BASE_URL: most servers want a path that ends in /v1. Check MODEL, too.";
  }
  if (code === "model_unpaid") return "The account must be topped up first.";
  if (code !== "model_rejected") return "";
  const auth = status === 401 || /api[ _-]?key|unauthori[sz]ed|authentication/i.test(text);
  if (auth) return "Check MODEL_API_KEY.";
  const field = profileFields.find(([name]) => name.test(text) || words.some((w) => name.test(w)));
  return field === undefined ? "" : `Set ${field[1]} for this model in MODEL_PROFILES.`;
}
