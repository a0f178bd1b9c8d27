import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Endpoint } from "../../producer/openai/batches/batch_request.ts";
import { readMetadata } from "../../producer/openai/batches/metadata.ts";
import { lineFieldOf, readRequestLine } from "../../producer/openai/requests/request_line.ts";

const chat: Endpoint = "/v1/chat/completions";
const responses: Endpoint = "/v1/responses";
const hello = [{ role: "user", content: "Hello" }];
const schema = { type: "object", properties: { n: { type: "integer" } } };

const line = (endpoint: Endpoint, body: unknown) =>
  readRequestLine(endpoint, { custom_id: "a", method: "POST", url: endpoint, body });

/** The task of a body, without its custom_id. */
function taskOf(endpoint: Endpoint, body: unknown): unknown {
  const read = line(endpoint, body);
  if (!read.ok) return read.error;
  const { custom_id, ...task } = read.value;
  expect(custom_id).toBe("a");
  return task;
}

/** The field and code of each error in a body. */
function errorsOf(endpoint: Endpoint, body: unknown): unknown {
  const read = line(endpoint, body);
  if (read.ok || read.error.kind !== "refused") return read;
  return read.error.details.map(({ path, code }) => [path, code]);
}

describe("a chat completion is read into a task", () => {
  test.each<[name: string, body: object, task: object]>([
    ["messages", {}, {}],
    ["model", { model: "qwen3:8b" }, { model: "qwen3:8b" }],
    ["the default model", { model: "default" }, {}],
    ["a field that is null", { temperature: null, tools: null }, {}],
    ["a field that asks for nothing", { logit_bias: {}, stop: [], service_tier: "auto" }, {}],
    [
      "sampling",
      { temperature: 0, top_p: 0.5, seed: 3, max_completion_tokens: 200 },
      { sampling: { temperature: 0, top_p: 0.5, seed: 3, output_tokens_max: 200 } },
    ],
    ["max_tokens", { max_tokens: 90 }, { sampling: { output_tokens_max: 90 } }],
    ["the text format", { response_format: { type: "text" } }, {}],
    [
      "the json_object format",
      { response_format: { type: "json_object" } },
      { output_schema: { type: "object" } },
    ],
    [
      "a JSON Schema",
      {
        response_format: { type: "json_schema", json_schema: { name: "n", strict: true, schema } },
      },
      { output_schema: schema },
    ],
    [
      "metadata and user",
      { metadata: { team: "ops" }, user: "u1" },
      { labels: { team: "ops", user: "u1" } },
    ],
    [
      "tools of the fleet by name",
      { tools: [{ type: "function", function: { name: "run_code" } }], tool_choice: "auto" },
      { tools: ["run_code"] },
    ],
    [
      "fields that change nothing",
      { n: 1, stream: false, store: false, frequency_penalty: 0, parallel_tool_calls: true },
      {},
    ],
    [
      "task fields in flotilla",
      { flotilla: { policy: "demo", files: { a: { text: "1" } } } },
      { policy: "demo", files: { a: { text: "1" } } },
    ],
  ])("%s", (_name, body, task) => {
    expect(taskOf(chat, { messages: hello, ...body })).toEqual({ messages: hello, ...task });
  });

  test("the role developer becomes system, and text parts are joined", () => {
    const messages = [
      { role: "developer", content: "Be brief." },
      {
        role: "user",
        content: [
          { type: "text", text: "one" },
          { type: "text", text: "two" },
        ],
      },
    ];
    expect(taskOf(chat, { messages })).toEqual({
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "one\ntwo" },
      ],
    });
  });
});

test("a field named __proto__ is an ordinary field", () => {
  const fields = JSON.parse('{"__proto__": {"policy": "demo"}}') as object;
  const read = line(chat, { messages: hello, flotilla: fields });
  expect(read.ok && Object.hasOwn(read.value, "__proto__")).toBe(true);
  expect(read.ok && read.value.policy).toBe(undefined);
  const body = JSON.parse('{"__proto__": 1, "messages": []}') as object;
  expect(errorsOf(chat, body)).toContainEqual(["body.__proto__", "unsupported_parameter"]);
});

describe("a response is read into a task", () => {
  test.each<[name: string, body: object, task: object]>([
    ["a string", { input: "Hello" }, { messages: hello }],
    [
      "messages after the instructions, whatever the order of the fields",
      { input: [{ type: "message", ...hello[0] }], instructions: "Be brief." },
      { messages: [{ role: "system", content: "Be brief." }, ...hello] },
    ],
    [
      "parts, a schema and max_output_tokens",
      {
        input: [{ role: "user", content: [{ type: "input_text", text: "Hello" }] }],
        text: { format: { type: "json_schema", name: "n", schema } },
        max_output_tokens: 90,
      },
      { messages: hello, output_schema: schema, sampling: { output_tokens_max: 90 } },
    ],
    [
      "tools of the fleet by name",
      { input: "Hello", tools: [{ type: "function", name: "run_code", parameters: null }] },
      { messages: hello, tools: ["run_code"] },
    ],
  ])("%s", (_name, body, task) => {
    expect(taskOf(responses, body)).toEqual(task);
  });
});

describe("an unsupported field or value is rejected by name", () => {
  test.each<[endpoint: Endpoint, body: unknown, errors: unknown]>([
    [chat, {}, [["body.messages", "missing_required_parameter"]]],
    [chat, { messages: "Hello" }, [["body.messages", "invalid_type"]]],
    [chat, { messages: hello, stop: ["x"] }, [["body.stop", "unsupported_parameter"]]],
    [chat, { messages: hello, n: 2 }, [["body.n", "unsupported_value"]]],
    [chat, { messages: hello, stream: true }, [["body.stream", "unsupported_value"]]],
    [
      chat,
      { messages: [{ role: "tool", content: "x", tool_call_id: "c" }] },
      [
        ["body.messages[0].role", "unsupported_value"],
        ["body.messages[0].tool_call_id", "unsupported_parameter"],
      ],
    ],
    [
      chat,
      { messages: [{ role: "assistant", content: "x", tool_calls: [] }] },
      [["body.messages[0].tool_calls", "unsupported_parameter"]],
    ],
    [
      chat,
      { messages: hello, tools: [{ type: "function", function: { name: "f", parameters: {} } }] },
      [["body.tools[0]", "unsupported_tool"]],
    ],
    [
      chat,
      { messages: hello, response_format: { type: "json_schema" } },
      [["body.response_format.json_schema.schema", "missing_required_parameter"]],
    ],
    [
      chat,
      { messages: hello, flotilla: { prompt: "x", expires_at: "x" } },
      [
        ["body.flotilla.prompt", "unsupported_parameter"],
        ["body.flotilla.expires_at", "unsupported_parameter"],
      ],
    ],
    [responses, {}, [["body.input", "missing_required_parameter"]]],
    [
      responses,
      { input: "x", previous_response_id: "resp_1", tools: [{ type: "web_search" }] },
      [
        ["body.previous_response_id", "unsupported_parameter"],
        ["body.tools[0]", "unsupported_tool"],
      ],
    ],
    [
      responses,
      { input: [{ type: "function_call_output", call_id: "c", output: "x" }] },
      [["body.input[0].type", "unsupported_value"]],
    ],
    [
      responses,
      { input: "x", text: { verbosity: "low" } },
      [["body.text.verbosity", "unsupported_parameter"]],
    ],
  ])("%s %j", (endpoint, body, errors) => {
    expect(errorsOf(endpoint, body)).toEqual(errors);
  });

  test.each<[line: unknown, errors: unknown]>([
    [[], [["", "invalid_json_line"]]],
    [
      { method: "GET", url: chat, body: { messages: hello }, id: 1 },
      [
        ["id", "unsupported_parameter"],
        ["custom_id", "missing_required_parameter"],
        ["method", "invalid_method"],
      ],
    ],
    [
      { custom_id: "", method: "POST", url: responses },
      [
        ["custom_id", "invalid_custom_id"],
        ["url", "mismatched_endpoint"],
        ["body", "missing_required_parameter"],
      ],
    ],
  ])("the line %j", (value, errors) => {
    const read = readRequestLine(chat, value);
    const details = read.ok || read.error.kind !== "refused" ? [] : read.error.details;
    expect(details.map(({ path, code }) => [path, code])).toEqual(errors);
  });

  test("any line is read into a task or into errors with a field and a code", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(chat, responses),
        fc.jsonValue(),
        fc.dictionary(
          fc.constantFrom("messages", "input", "tools", "text", "n", "response_format", "x"),
          fc.jsonValue(),
        ),
        (endpoint, value, body) => {
          for (const each of [value, { custom_id: "a", method: "POST", url: endpoint, body }]) {
            const read = readRequestLine(endpoint, each);
            if (read.ok) expect(read.value.messages).toBeInstanceOf(Array);
            else if (read.error.kind === "refused") {
              expect(read.error.details.length).toBeGreaterThan(0);
              expect(read.error.details.every(({ code }) => code !== undefined)).toBe(true);
            } else expect.unreachable(read.error.kind);
          }
        },
      ),
    );
  });
});

test.each<[endpoint: Endpoint, task: string, param: string | null]>([
  [chat, "", null],
  [chat, "messages[1].content", "body.messages[1].content"],
  [chat, "output_schema.properties.n", "body.response_format.json_schema.schema.properties.n"],
  [chat, "sampling.temperature", "body.temperature"],
  [chat, "sampling.output_tokens_max", "body.max_completion_tokens"],
  [chat, "labels.Team", "body.metadata.Team"],
  [chat, "tools[0]", "body.tools[0]"],
  [chat, "toolset", "body.flotilla.toolset"],
  [chat, "files.a", "body.flotilla.files.a"],
  [chat, "policy", "metadata.policy"],
  [chat, "body.n", "body.n"],
  [responses, "messages[1].content", "body.input"],
  [responses, "output_schema", "body.text.format.schema"],
  [responses, "sampling.output_tokens_max", "body.max_output_tokens"],
])("%s: the task field %j is the line field %j", (endpoint, task, param) => {
  expect(lineFieldOf(endpoint, task, ["policy"])).toBe(param);
});

describe("the metadata of a batch", () => {
  test("metadata are read as names, lists and JSON; other metadata are ignored", () => {
    const settings = readMetadata({
      description: "nightly",
      policy: "demo",
      tools: "run_code, read_file,",
      skills: '["a"]',
      attempts: "2",
      limits: '{"steps": 5}',
      webhook: '{"url": "https://a.example", "secret": "S"}',
      batch_limits: '{"cost_usd": 1}',
    });
    expect(settings.ok && settings.value).toEqual({
      task: {
        policy: "demo",
        tools: ["run_code", "read_file"],
        skills: ["a"],
        attempts: 2,
        limits: { steps: 5 },
      },
      webhook: { url: "https://a.example", secret: "S" },
      limits: { cost_usd: 1 },
    });
  });

  test("metadata are rejected if a value is not JSON", () => {
    expect(readMetadata({ limits: "{", attempts: "two" })).toMatchObject({
      ok: false,
      error: [{ path: "metadata.limits" }, { path: "metadata.attempts" }],
    });
  });
});
