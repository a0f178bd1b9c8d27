import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Endpoint } from "../../producer/openai/facts.ts";
import { lineTask, paramOf } from "../../producer/openai/request_line.ts";
import { readSettings } from "../../producer/openai/settings.ts";

const chat: Endpoint = "/v1/chat/completions";
const responses: Endpoint = "/v1/responses";
const hello = [{ role: "user", content: "Hello" }];
const schema = { type: "object", properties: { n: { type: "integer" } } };

const line = (endpoint: Endpoint, body: unknown) =>
  lineTask(endpoint, { custom_id: "a", method: "POST", url: endpoint, body });

/** The task of a body, without the name of its line. */
function taskOf(endpoint: Endpoint, body: unknown): unknown {
  const read = line(endpoint, body);
  if (!read.ok) return read.error;
  const { custom_id, ...task } = read.value;
  expect(custom_id).toBe("a");
  return task;
}

/** Field and code of each fault of a body. */
function faultsOf(endpoint: Endpoint, body: unknown): unknown {
  const read = line(endpoint, body);
  if (read.ok || read.error.kind !== "refused") return read;
  return read.error.details.map(({ path, code }) => [path, code]);
}

describe("a chat completion becomes a task", () => {
  test.each<[name: string, body: object, task: object]>([
    ["its messages", {}, {}],
    ["its model", { model: "qwen3:8b" }, { model: "qwen3:8b" }],
    ["the model that is nobody's choice", { model: "default" }, {}],
    ["a field that is null", { temperature: null, tools: null }, {}],
    [
      "how it is to be written",
      { temperature: 0, top_p: 0.5, seed: 3, max_completion_tokens: 200 },
      { sampling: { temperature: 0, top_p: 0.5, seed: 3, output_tokens_max: 200 } },
    ],
    ["the older name of the room", { max_tokens: 90 }, { sampling: { output_tokens_max: 90 } }],
    ["no format", { response_format: { type: "text" } }, {}],
    [
      "any object",
      { response_format: { type: "json_object" } },
      { output_schema: { type: "object" } },
    ],
    [
      "a schema",
      {
        response_format: { type: "json_schema", json_schema: { name: "n", strict: true, schema } },
      },
      { output_schema: schema },
    ],
    [
      "labels and their user",
      { metadata: { team: "ops" }, user: "u1" },
      { labels: { team: "ops", user: "u1" } },
    ],
    [
      "tools of the fleet by name",
      { tools: [{ type: "function", function: { name: "run_code" } }], tool_choice: "auto" },
      { tools: ["run_code"] },
    ],
    [
      "what asks for nothing",
      { n: 1, stream: false, store: false, frequency_penalty: 0, parallel_tool_calls: true },
      {},
    ],
    [
      "task fields of its own",
      { flotilla: { policy: "demo", files: { a: { text: "1" } } } },
      { policy: "demo", files: { a: { text: "1" } } },
    ],
  ])("%s", (_name, body, task) => {
    expect(taskOf(chat, { messages: hello, ...body })).toEqual({ messages: hello, ...task });
  });

  test("a developer speaks as the system does, parts are one text", () => {
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

test("a name that means something to the language means nothing here", () => {
  const named = JSON.parse('{"__proto__": {"policy": "demo"}}') as object;
  const read = line(chat, { messages: hello, flotilla: named });
  expect(read.ok && Object.hasOwn(read.value, "__proto__")).toBe(true);
  expect(read.ok && read.value.policy).toBe(undefined);
  const body = JSON.parse('{"__proto__": 1, "messages": []}') as object;
  expect(faultsOf(chat, body)).toContainEqual(["body.__proto__", "unsupported_parameter"]);
});

describe("a response becomes a task", () => {
  test.each<[name: string, body: object, task: object]>([
    ["a text", { input: "Hello" }, { messages: hello }],
    [
      "messages behind its instructions, wherever those stand",
      { input: [{ type: "message", ...hello[0] }], instructions: "Be brief." },
      { messages: [{ role: "system", content: "Be brief." }, ...hello] },
    ],
    [
      "parts, a schema and the room of its output",
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

describe("what nobody could do is refused by name", () => {
  test.each<[endpoint: Endpoint, body: unknown, faults: unknown]>([
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
  ])("%s %j", (endpoint, body, faults) => {
    expect(faultsOf(endpoint, body)).toEqual(faults);
  });

  test.each<[line: unknown, faults: unknown]>([
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
  ])("the line %j", (whole, faults) => {
    const read = lineTask(chat, whole);
    const details = read.ok || read.error.kind !== "refused" ? [] : read.error.details;
    expect(details.map(({ path, code }) => [path, code])).toEqual(faults);
  });

  test("whatever stands on a line, it is a task or faults that name a place and a word", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(chat, responses),
        fc.jsonValue(),
        fc.dictionary(
          fc.constantFrom("messages", "input", "tools", "text", "n", "response_format", "x"),
          fc.jsonValue(),
        ),
        (endpoint, whole, body) => {
          for (const one of [whole, { custom_id: "a", method: "POST", url: endpoint, body }]) {
            const read = lineTask(endpoint, one);
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
])("%s: the fault of %j stands at %j", (endpoint, task, param) => {
  expect(paramOf(endpoint, task, ["policy"])).toBe(param);
});

describe("what metadata say of all tasks", () => {
  test("names, lists and JSON, and nothing of the user's own", () => {
    const { settings, faults } = readSettings({
      description: "nightly",
      policy: "demo",
      tools: "run_code, read_file,",
      skills: '["a"]',
      attempts: "2",
      limits: '{"steps": 5}',
      webhook: '{"url": "https://a.example", "secret": "S"}',
      batch_limits: '{"cost_usd": 1}',
    });
    expect(faults).toEqual([]);
    expect(settings).toEqual({
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

  test("text that is no JSON is a fault of its own", () => {
    expect(readSettings({ limits: "{", attempts: "two" }).faults).toMatchObject([
      { path: "metadata.limits" },
      { path: "metadata.attempts" },
    ]);
  });
});
