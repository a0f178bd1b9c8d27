import { modelLimits } from "../../../shared/limits.ts";
import { parseJson } from "../../../shared/text/json.ts";
import { quoteLossyNumbers } from "../../../shared/text/json_numbers.ts";
import { jsonShape } from "../../../shared/text/json_shape.ts";
import { foldEvents } from "../shapes/events.ts";

/** The content of a text: JSON, a folded event stream, or plain text. Its content type is not used. */
export function bodyValue(text: string): unknown {
  const { depth, values } = jsonShape(text);
  if (depth > modelLimits.replyDepthMax || values > modelLimits.replyValuesMax)
    return foldEvents(text) ?? text;
  // A number that would lose digits is kept as a string of them: it may be an argument.
  const value = parseJson(quoteLossyNumbers(text));
  return value === undefined ? (foldEvents(text) ?? text) : value;
}
