import { describe, expect, test } from "vitest";
import { openAiTransport } from "../../../consumer/models/transport/openai.ts";
import type { ModelRequest } from "../../../shared/models/model.ts";
import { type Profile, profileOf } from "../../../shared/models/profiles.ts";
import { answeredCalls, request } from "../request.ts";

type Body = Record<string, unknown> & { messages: Record<string, unknown>[] };

const goodReply = {
  choices: [{ finish_reason: "stop", message: { content: "hi" } }],
  usage: { prompt_tokens: 9, completion_tokens: 1 },
};

/** A server that rejects some requests, and the bodies it received. */
function server(
  reject: (body: Body) => { status: number; body: unknown } | null,
  overrides: Partial<Profile> = {},
) {
  const bodies: Body[] = [];
  const transport = openAiTransport({
    baseUrl: "http://models.test/v1",
    profile: { ...profileOf("any"), ...overrides },
    memory: new Map(),
    send: async (_input, init) => {
      const body = JSON.parse(String(init?.body)) as Body;
      bodies.push(body);
      const rejected = reject(body);
      return rejected === null
        ? Response.json(goodReply)
        : Response.json(rejected.body, { status: rejected.status });
    },
  });
  return { transport, bodies };
}

const error = (message: string, fields: object = {}) => ({
  error: { message, type: "invalid_request_error", param: null, code: null, ...fields },
});
const extra = (...loc: (string | number)[]) => ({
  detail: [
    { type: "extra_forbidden", loc: ["body", ...loc], msg: "Extra inputs are not permitted" },
  ],
});
const sampled: Partial<ModelRequest> = { sampling: { temperature: 0.3, top_p: 0.9, seed: 7 } };
const withResults: Partial<ModelRequest> = {
  messages: [
    { role: "user", content: "Do it." },
    ...answeredCalls(["one"]),
    { role: "user", content: "Answer now." },
  ],
};
const withReasoning: Partial<ModelRequest> = {
  messages: [
    { role: "user", content: "Do it." },
    {
      role: "assistant",
      content: "",
      reasoning: "hm",
      calls: [{ id: "c0", name: "list_files", arguments: "{}" }],
    },
    { role: "tool", call_id: "c0", name: "list_files", content: "a" },
  ],
};

interface Row {
  name: string;
  request?: Partial<ModelRequest>;
  profile?: Partial<Profile>;
  /** Whether the server rejects this body. */
  rejects(body: Body): boolean;
  status: number;
  body: unknown;
  quirk: string;
}

const rows: Row[] = [
  {
    name: "max_tokens, as OpenAI's reasoning models",
    rejects: (body) => "max_tokens" in body,
    status: 400,
    body: error("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", {
      param: "max_tokens",
      code: "unsupported_parameter",
    }),
    quirk: "request_other_output_field",
  },
  {
    name: "max_completion_tokens, as old servers",
    profile: { outputField: "max_completion_tokens" },
    rejects: (body) => "max_completion_tokens" in body,
    status: 422,
    body: extra("max_completion_tokens"),
    quirk: "request_other_output_field",
  },
  {
    name: "a large output limit",
    rejects: (body) => Number(body.max_tokens) > 500,
    status: 400,
    body: error(
      "max_tokens is too large: 1000. This model supports at most 500 completion tokens.",
    ),
    quirk: "request_smaller_output",
  },
  {
    name: "temperature",
    request: sampled,
    rejects: (body) => "temperature" in body,
    status: 400,
    body: error("Unsupported value: 'temperature' does not support 0.3 with this model.", {
      param: "temperature",
      code: "unsupported_value",
    }),
    quirk: "request_without_sampling",
  },
  {
    name: "seed, as Mistral",
    request: sampled,
    rejects: (body) => "seed" in body,
    status: 422,
    body: extra("seed"),
    quirk: "request_without_seed",
  },
  {
    name: "tool_choice",
    rejects: (body) => "tool_choice" in body,
    status: 400,
    body: error("tool_choice is not supported by this model"),
    quirk: "request_without_tool_choice",
  },
  {
    name: "response_format",
    request: { jsonSchema: { type: "object" } },
    rejects: (body) => "response_format" in body,
    status: 400,
    body: error("'response_format' of type json_schema is not supported"),
    quirk: "request_without_response_format",
  },
  {
    name: "a request that does not stream",
    rejects: (body) => body.stream !== true,
    status: 400,
    body: error("This model only supports stream mode, please enable the stream parameter."),
    quirk: "request_streamed",
  },
  {
    name: "a user message after a tool result",
    request: withResults,
    rejects: ({ messages }) =>
      messages.some((each, index) => each.role === "user" && messages[index - 1]?.role === "tool"),
    status: 400,
    body: {
      object: "error",
      message: "Unexpected role 'user' after role 'tool'",
      type: "invalid_request_message_order",
      param: null,
      code: "3230",
    },
    quirk: "request_without_user_after_tool",
  },
  {
    name: "a conversation without its reasoning",
    request: withReasoning,
    rejects: ({ messages }) =>
      messages.some((each) => each.role === "assistant" && !("reasoning_content" in each)),
    status: 400,
    body: error("Missing `reasoning_content` field in the assistant message"),
    quirk: "request_with_reasoning",
  },
  {
    name: "a conversation with its reasoning",
    request: withReasoning,
    profile: { reasoningField: "reasoning" },
    rejects: ({ messages }) => messages.some((each) => "reasoning" in each),
    status: 422,
    body: extra("messages", 1, "assistant", "reasoning"),
    quirk: "request_without_reasoning",
  },
  {
    name: "the thinking settings",
    profile: { thinking: { reasoning_effort: "low" } },
    rejects: (body) => "reasoning_effort" in body,
    status: 400,
    body: error("Unrecognized request argument supplied: reasoning_effort"),
    quirk: "request_without_thinking",
  },
  {
    name: "names on tool results",
    request: withResults,
    rejects: ({ messages }) => messages.some((each) => "name" in each),
    status: 422,
    body: extra("messages", 2, "tool", "name"),
    quirk: "request_without_tool_names",
  },
];

describe("a request is adapted, remembered and noted where a server rejects", () => {
  test.each(rows.map((row) => [row.name, row] as const))("%s", async (_name, row) => {
    const reject = (body: Body) =>
      row.rejects(body) ? { status: row.status, body: row.body } : null;
    const { transport, bodies } = server(reject, row.profile);
    const modelRequest = request(row.request);
    const outcome = await transport.complete(modelRequest);
    expect(outcome).toMatchObject({ ok: true, reply: { text: "hi", quirks: [row.quirk] } });
    expect(bodies).toHaveLength(2);
    // The second request is right at once.
    expect(await transport.complete(modelRequest)).toMatchObject({
      reply: { quirks: [row.quirk] },
    });
    expect(bodies).toHaveLength(3);
  });
});

test("several rejections of one request are adapted to, one after the other", async () => {
  const { transport, bodies } = server((body) => {
    if ("seed" in body) return { status: 422, body: extra("seed") };
    if ("top_p" in body) return { status: 400, body: error("top_p is not supported") };
    return "max_tokens" in body
      ? { status: 400, body: error("Unsupported parameter: 'max_tokens'") }
      : null;
  });
  const outcome = await transport.complete(request(sampled));
  expect(outcome.ok && outcome.reply.quirks).toEqual([
    "request_without_seed",
    "request_without_sampling",
    "request_other_output_field",
  ]);
  expect(bodies.at(-1)).toMatchObject({ temperature: 0.3, max_completion_tokens: 1_000 });
});

test("a request that a server rejects for another reason is sent once", async () => {
  for (const message of [
    "auto tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set",
    "messages must not be empty",
    "temperature must be below 2",
  ]) {
    const { transport, bodies } = server(() => ({ status: 400, body: error(message) }));
    expect(await transport.complete(request(sampled))).toMatchObject({
      ok: false,
      failure: { code: "model_rejected", message: expect.stringContaining(message) },
    });
    expect(bodies).toHaveLength(1);
  }
});

test("a server that rejects everything is asked a bounded number of times", async () => {
  let round = 0;
  const texts = ["seed", "top_p", "temperature", "tool_choice", "max_tokens"];
  const { transport, bodies } = server(() => {
    const text = `${texts[round % texts.length]} is not supported`;
    round += 1;
    return { status: 400, body: error(text) };
  });
  expect(await transport.complete(request(sampled))).toMatchObject({ ok: false });
  expect(bodies.length).toBeLessThanOrEqual(6);
});

describe("a model that an endpoint does not serve", () => {
  const asking = (list: unknown) =>
    openAiTransport({
      baseUrl: "http://models.test/v1",
      profile: profileOf("any"),
      memory: new Map(),
      send: async (input) =>
        String(input).endsWith("/models")
          ? Response.json(list)
          : Response.json(error("model not found"), { status: 404 }),
    }).complete(request({ model: "qwen3:8" }));

  test.each([
    [
      "is named with its nearest",
      { data: [{ id: "qwen3:8b" }, { id: "x" }] },
      'Did you mean "qwen3:8b"?',
    ],
    [
      "is named with what is served",
      { data: [{ id: "gull" }, { id: "tern" }] },
      "It serves gull, tern.",
    ],
    [
      "is named where the list is Ollama's",
      { models: [{ name: "qwen3:8b" }] },
      'Did you mean "qwen3:8b"?',
    ],
    ["is named where there is no list", { nothing: true }, "Set MODEL"],
  ])("%s", async (_name, list, words) => {
    expect(await asking(list)).toMatchObject({
      ok: false,
      failure: { code: "model_not_found", message: expect.stringContaining(words) },
    });
  });
});
