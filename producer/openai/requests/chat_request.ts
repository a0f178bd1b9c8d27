/** Reads the body of a line for /v1/chat/completions into task fields. */
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

const messagesField: FieldReader = (value, path) =>
  readMessages(value, path, { textParts: ["text"], ignoredFields: ["refusal"] });

const table: FieldTable = new Map<string, FieldReader>([
  ["messages", messagesField],
  [
    "response_format",
    formatField("json_schema.schema", ({ json_schema: named }) =>
      isRecord(named) ? named.schema : undefined,
    ),
  ],
  ["max_tokens", samplingField("output_tokens_max")],
  ["max_completion_tokens", samplingField("output_tokens_max")],
  ["seed", samplingField("seed")],
  ["tools", (value, path) => readTools(value, path, (tool) => tool.function)],
  ["n", allowOnly(1)],
  ["logprobs", allowOnly(false)],
  ["frequency_penalty", allowOnly(0)],
  ["presence_penalty", allowOnly(0)],
  ...commonFields,
]);

export function readChatRequest(body: Json): TaskFields {
  const task = readFields(body, table, "body");
  if (!task.ok || task.value.messages !== undefined) return task;
  const message = 'is missing: add a list of {"role", "content"}';
  return fieldError("body.messages", "missing_required_parameter", message);
}
