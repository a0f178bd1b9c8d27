/** The body of a line for /v1/responses, as a task. */
import { readMessages } from "./content.ts";
import {
  type Field,
  isRecord,
  type Json,
  labelled,
  model,
  only,
  own,
  readFields,
  type Said,
  sampled,
  says,
  user,
  wrong,
} from "./fields.ts";
import { readTools } from "./tools.ts";

const instructions: Field = (value, path) =>
  typeof value === "string"
    ? says({ messages: [{ role: "system", content: value }] })
    : wrong(path, "invalid_type", "write a text");

/** A text is what the user says; items are messages. */
const input: Field = (value, path) => {
  if (typeof value === "string") return says({ messages: [{ role: "user", content: value }] });
  const odd = Array.isArray(value) ? value.findIndex(isOther) : -1;
  if (odd !== -1) {
    const message = "only messages are taken: the fleet makes its own tool calls";
    return wrong(`${path}[${odd}].type`, "unsupported_value", message);
  }
  return readMessages(value, path, {
    parts: ["input_text", "output_text", "text"],
    more: ["type", "id", "status"],
  });
};

const isOther = (item: unknown): boolean =>
  isRecord(item) && item.type !== undefined && item.type !== "message";

const text: Field = (value, path) => {
  if (!isRecord(value)) return wrong(path, "invalid_type", 'write an object {"format"}');
  return readFields(value, textTable, path);
};

const format: Field = (value, path) => {
  const { type, schema } = isRecord(value) ? value : {};
  if (type === "text") return says({});
  if (type === "json_object") return says({ output_schema: { type: "object" } });
  if (type !== "json_schema") {
    return wrong(`${path}.type`, "unsupported_value", "write text, json_object or json_schema");
  }
  return isRecord(schema)
    ? says({ output_schema: schema })
    : wrong(
        `${path}.schema`,
        "missing_required_parameter",
        "is missing: write the JSON Schema of the answer",
      );
};

const textTable: ReadonlyMap<string, Field> = new Map([["format", format]]);

/** Instructions come before what they are about. */
const table: ReadonlyMap<string, Field> = new Map<string, Field>([
  ["model", model],
  ["instructions", instructions],
  ["input", input],
  ["text", text],
  ["max_output_tokens", sampled("output_tokens_max")],
  ["temperature", sampled("temperature")],
  ["top_p", sampled("top_p")],
  ["tools", (value, path) => readTools(value, path, (tool) => tool)],
  ["tool_choice", only("auto")],
  ["parallel_tool_calls", only(true)],
  ["stream", only(false)],
  ["store", only(false)],
  ["background", only(false)],
  ["truncation", only("disabled")],
  ["metadata", labelled],
  ["user", user],
  ["flotilla", own],
]);

export function responsesTask(body: Json): Said {
  const said = readFields(body, table, "body");
  if ("faults" in said || (body.input !== undefined && body.input !== null)) return said;
  return wrong(
    "body.input",
    "missing_required_parameter",
    "is missing: write a text, or a list of messages",
  );
}
