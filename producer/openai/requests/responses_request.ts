/** Reads the body of a line for /v1/responses into task fields. */

import { ok } from "../../../shared/result.ts";
import { isRecord, type Json } from "../../../shared/text/json.ts";
import {
  allowOnly,
  commonFields,
  type FieldReader,
  type FieldTable,
  fieldError,
  formatField,
  readFields,
  samplingField,
  type TaskFields,
} from "./fields.ts";
import { readMessages } from "./messages.ts";
import { readTools } from "./tools.ts";

const instructionsField: FieldReader = (value, path) =>
  typeof value === "string"
    ? ok({ messages: [{ role: "system", content: value }] })
    : fieldError(path, "invalid_type", "is not a string: use a string");

/** A string is a user message; a list holds messages. */
const inputField: FieldReader = (value, path) => {
  if (typeof value === "string") return ok({ messages: [{ role: "user", content: value }] });
  const index = Array.isArray(value) ? value.findIndex(isOtherItem) : -1;
  if (index !== -1) {
    const message = "unsupported item: use only messages; the fleet makes its own tool calls";
    return fieldError(`${path}[${index}].type`, "unsupported_value", message);
  }
  return readMessages(value, path, {
    textParts: ["input_text", "output_text", "text"],
    ignoredFields: ["type", "id", "status"],
  });
};

const isOtherItem = (item: unknown): boolean =>
  isRecord(item) && item.type !== undefined && item.type !== "message";

const textField: FieldReader = (value, path) =>
  isRecord(value)
    ? readFields(value, textTable, path)
    : fieldError(path, "invalid_type", 'is not an object: use {"format"}');

const textTable: FieldTable = new Map([["format", formatField("schema", ({ schema }) => schema)]]);

/** Instructions come before the input, because their messages are joined in this order. */
const table: FieldTable = new Map<string, FieldReader>([
  ["instructions", instructionsField],
  ["input", inputField],
  ["text", textField],
  ["max_output_tokens", samplingField("output_tokens_max")],
  ["tools", (value, path) => readTools(value, path, (tool) => tool)],
  ["background", allowOnly(false)],
  ["truncation", allowOnly("disabled")],
  ...commonFields,
]);

export function readResponsesRequest(body: Json): TaskFields {
  const task = readFields(body, table, "body");
  if (!task.ok || (body.input !== undefined && body.input !== null)) return task;
  const message = "is missing: add a string or a list of messages";
  return fieldError("body.input", "missing_required_parameter", message);
}
