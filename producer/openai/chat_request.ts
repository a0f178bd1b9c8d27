/** The body of a line for /v1/chat/completions, as a task. */
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

const format: Field = (value, path) => {
  const { type, json_schema: named } = isRecord(value) ? value : {};
  if (type === "text") return says({});
  if (type === "json_object") return says({ output_schema: { type: "object" } });
  if (type !== "json_schema") {
    return wrong(`${path}.type`, "unsupported_value", "write text, json_object or json_schema");
  }
  return isRecord(named) && isRecord(named.schema)
    ? says({ output_schema: named.schema })
    : wrong(
        `${path}.json_schema.schema`,
        "missing_required_parameter",
        "is missing: write the JSON Schema of the answer",
      );
};

/** What may stand in a body. A value that asks for nothing is taken, whatever the field. */
const table: ReadonlyMap<string, Field> = new Map<string, Field>([
  ["model", model],
  ["messages", (value, path) => readMessages(value, path, { parts: ["text"], more: ["refusal"] })],
  ["response_format", format],
  ["max_tokens", sampled("output_tokens_max")],
  ["max_completion_tokens", sampled("output_tokens_max")],
  ["temperature", sampled("temperature")],
  ["top_p", sampled("top_p")],
  ["seed", sampled("seed")],
  ["tools", (value, path) => readTools(value, path, (tool) => tool.function)],
  ["tool_choice", only("auto")],
  ["parallel_tool_calls", only(true)],
  ["n", only(1)],
  ["stream", only(false)],
  ["store", only(false)],
  ["logprobs", only(false)],
  ["frequency_penalty", only(0)],
  ["presence_penalty", only(0)],
  ["metadata", labelled],
  ["user", user],
  ["flotilla", own],
]);

export function chatTask(body: Json): Said {
  const said = readFields(body, table, "body");
  if ("faults" in said || said.task.messages !== undefined) return said;
  return wrong(
    "body.messages",
    "missing_required_parameter",
    'is missing: write a list of {"role", "content"}',
  );
}
