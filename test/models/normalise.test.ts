import { describe, expect, test } from "vitest";
import type { Message } from "../../consumer/models/model.ts";
import { normalise } from "../../consumer/models/normalise.ts";
import { foldEvents } from "../../consumer/models/shapes/events.ts";
import { modelLimits } from "../../shared/limits.ts";
import { request } from "./request.ts";

const usage = { prompt_tokens: 109, completion_tokens: 17, total_tokens: 126 };
const call = (id: string | null, name: string, args: unknown) => ({
  ...(id === null ? {} : { id }),
  type: "function",
  function: { name, arguments: args },
});
const chat = (message: object, finish: string | null = "stop", more: object = {}) => ({
  choices: [{ finish_reason: finish, index: 0, message: { role: "assistant", ...message } }],
  usage,
  ...more,
});

function heard(body: unknown, messages?: readonly Message[]) {
  const outcome = normalise(body, request(messages === undefined ? {} : { messages }), 0);
  if (!outcome.ok) throw new Error(outcome.failure.message);
  return outcome.reply;
}

const readA = [{ name: "read_file", arguments: { path: "a" }, problem: null }];

describe("a reply is read by its shape", () => {
  const rows: [name: string, body: unknown, expected: object][] = [
    ["a chat completion", chat({ content: "hi" }), { text: "hi", finish: "stop", calls: [] }],
    [
      "its cached tokens and neurons",
      chat({ content: "x" }, "stop", {
        usage: {
          prompt_tokens: 109,
          completion_tokens: 17,
          prompt_tokens_details: { cached_tokens: 64 },
          neurons: 1.4545,
        },
      }),
      {
        usage: {
          prompt_tokens: 109,
          cached_tokens: 64,
          completion_tokens: 17,
          neurons: 1.4545,
          estimated: false,
        },
      },
    ],
    [
      "cached tokens as DeepSeek counts them",
      chat({ content: "x" }, "stop", { usage: { ...usage, prompt_cache_hit_tokens: 5 } }),
      { usage: { cached_tokens: 5 } },
    ],
    [
      "more cached tokens than there are",
      chat({ content: "x" }, "stop", {
        usage: { ...usage, prompt_tokens_details: { cached_tokens: 9_999 } },
      }),
      { usage: { cached_tokens: 109 } },
    ],
    [
      "a chat call",
      chat({ content: "", tool_calls: [call("c1", "read_file", '{"path":"a"}')] }, "tool_calls"),
      { finish: "calls", calls: readA, quirks: [] },
    ],
    [
      "content null",
      chat({ content: null, tool_calls: [call("c1", "read_file", '{"path":"a"}')] }, "tool_calls"),
      { text: "", calls: readA },
    ],
    [
      "arguments as an object",
      chat({ content: "", tool_calls: [call("c1", "read_file", { path: "a" })] }),
      { calls: readA },
    ],
    [
      "a flat call",
      chat({
        content: "",
        tool_calls: [{ id: "c", name: "read_file", arguments: '{"path":"a"}' }],
      }),
      { calls: readA },
    ],
    [
      "a function_call",
      chat(
        { content: null, function_call: { name: "read_file", arguments: '{"path":"a"}' } },
        "function_call",
      ),
      { calls: readA },
    ],
    [
      "content in parts",
      chat({
        content: [{ type: "text", text: "a" }, { type: "text", text: "b" }, { type: "image" }],
      }),
      { text: "ab" },
    ],
    [
      "text in place of a message",
      { choices: [{ text: "hi", finish_reason: "stop" }] },
      { text: "hi" },
    ],
    ["reasoning", chat({ content: "x", reasoning: "why" }), { text: "x", reasoning: "why" }],
    ["reasoning_content", chat({ content: "x", reasoning_content: "why" }), { reasoning: "why" }],
    [
      "a think block",
      chat({ content: "<think>why</think>\n\nx" }),
      { text: "x", reasoning: "why", quirks: ["thinking_in_text"] },
    ],
    [
      "a think block whose start was in the prompt",
      chat({ content: "why\n</think>\n\nx" }),
      { text: "x", reasoning: "why" },
    ],
    [
      "a think block that never ends",
      chat({ content: "<think>why" }),
      { text: "", reasoning: "why", finish: "unknown" },
    ],
    [
      "a think tag in a sentence",
      chat({ content: "Close it with </think> always." }),
      { text: "Close it with </think> always.", reasoning: "" },
    ],
    [
      "harmony channels",
      chat({
        content:
          "<|channel|>analysis<|message|>why<|end|><|start|>assistant<|channel|>final<|message|>x<|return|>",
      }),
      { text: "x", reasoning: "why" },
    ],
    ["a legacy reply", { response: "hi", usage }, { text: "hi", finish: "stop" }],
    [
      "a legacy call",
      { response: null, tool_calls: [{ name: "read_file", arguments: { path: "a" } }] },
      { text: "", calls: readA, finish: "calls" },
    ],
    ["a legacy reply in JSON mode", { response: { a: 1 } }, { text: '{"a":1}' }],
    ["a legacy number", { response: 42 }, { text: "42" }],
    [
      "a legacy reply with an empty list of calls",
      { response: "hi", tool_calls: [] },
      { text: "hi", calls: [] },
    ],
    [
      "a Responses reply",
      {
        object: "response",
        output: [
          { type: "reasoning", summary: [{ text: "why" }] },
          { type: "message", content: [{ type: "output_text", text: "hi" }] },
        ],
        usage: { input_tokens: 3, output_tokens: 4, input_tokens_details: { cached_tokens: 2 } },
      },
      {
        text: "hi",
        reasoning: "why",
        usage: { prompt_tokens: 3, completion_tokens: 4, cached_tokens: 2 },
      },
    ],
    [
      "a Responses call",
      {
        output: [
          { type: "function_call", call_id: "c1", name: "read_file", arguments: '{"path":"a"}' },
        ],
      },
      { calls: readA, finish: "calls" },
    ],
    [
      "a Responses reply cut at the limit",
      {
        output: [{ type: "message", content: [{ type: "output_text", text: "hi" }] }],
        status: "incomplete",
        incomplete_details: { reason: "max_output_tokens" },
      },
      { finish: "length" },
    ],
    [
      "a Responses refusal",
      { output: [{ type: "message", content: [{ type: "refusal", text: "no" }] }] },
      { finish: "filtered" },
    ],
    [
      "a REST envelope",
      { result: chat({ content: "hi" }), success: true, errors: [], messages: [] },
      { text: "hi" },
    ],
    [
      "a REST envelope around a legacy reply",
      { result: { response: "hi" }, success: true, errors: [] },
      { text: "hi" },
    ],
    ["an envelope in an envelope", { result: { result: { response: "hi" } } }, { text: "hi" }],
    [
      "Ollama's own shape",
      {
        model: "q",
        message: { role: "assistant", content: "hi", thinking: "why" },
        done: true,
        done_reason: "stop",
        prompt_eval_count: 7,
        eval_count: 2,
      },
      {
        text: "hi",
        reasoning: "why",
        usage: { prompt_tokens: 7, completion_tokens: 2, estimated: false },
      },
    ],
    [
      "Ollama's own call",
      {
        message: {
          content: "",
          tool_calls: [{ function: { name: "read_file", arguments: { path: "a" } } }],
        },
        done: true,
      },
      { calls: readA },
    ],
    [
      "a refusal",
      chat({ content: null, refusal: "I cannot." }),
      { text: "I cannot.", finish: "filtered" },
    ],
    ["a filtered reply", chat({ content: "" }, "content_filter"), { finish: "filtered" }],
    [
      "calls announced but dropped",
      chat({ content: "", reasoning: null, tool_calls: [] }, "tool_calls"),
      { calls: [], finish: "unknown", quirks: ["calls_announced_but_absent", "reply_empty"] },
    ],
    [
      "calls with finish stop",
      chat({ content: "", tool_calls: [call("c", "list_files", "{}")] }, "stop"),
      { finish: "calls", quirks: ["calls_not_announced"] },
    ],
    ["an empty reply", chat({ content: "" }), { finish: "unknown", quirks: ["reply_empty"] }],
    [
      "a reply that thought itself to the limit",
      chat({ content: "", reasoning: "…" }, "length"),
      { finish: "length", text: "", quirks: ["reply_empty"] },
    ],
    [
      "no usage",
      { choices: [{ message: { content: "hello there" } }] },
      { usage: { completion_tokens: 3, estimated: true, neurons: null } },
    ],
    [
      "a usage of zeros",
      chat({ content: "hello there" }, "stop", {
        usage: { prompt_tokens: 0, completion_tokens: 0 },
      }),
      { usage: { estimated: true } },
    ],
    [
      "a usage that is no number",
      chat({ content: "hello there" }, "stop", { usage: { prompt_tokens: "9" } }),
      { usage: { estimated: true } },
    ],
    ["an unknown finish", chat({ content: "hi" }, "eos"), { finish: "stop" }],
    ["no finish", chat({ content: "hi" }, null), { finish: "stop" }],
    ["lone surrogates", chat({ content: "a\ud800b" }), { text: "a\ufffdb" }],
    [
      "a call without a name",
      chat({ content: "", tool_calls: [{ id: "x", function: { arguments: "{}" } }] }, "tool_calls"),
      { calls: [], finish: "unknown" },
    ],
  ];
  test.each(rows)("%s", (_name, body, expected) => {
    expect(heard(body)).toMatchObject(expected);
  });
});

describe("a text that repeats itself is marked", () => {
  const quirksOf = (content: string) => heard(chat({ content })).quirks;
  test.each([
    ["of one character", "!".repeat(600)],
    ["of a sentence", `Well. ${"I will do it now. ".repeat(60)}`],
    ["cut in the middle of its piece", `${"abcdefg".repeat(90)}abc`],
  ])("%s", (_name, text) => {
    expect(quirksOf(text)).toEqual(["text_repeats"]);
  });
  test.each([
    ["that only starts so", `${"!".repeat(600)} and then it ends`],
    ["of rows that differ", Array.from({ length: 200 }, (_, n) => `row ${n}: ok`).join("\n")],
    ["that is short", "no no no no"],
  ])("but not one %s", (_name, text) => {
    expect(quirksOf(text)).toEqual([]);
  });
});

describe("what is no reply is a failure", () => {
  const rows: [name: string, body: unknown, code: string][] = [
    ["null", null, "model_unreadable"],
    ["text", "<html>Welcome</html>", "model_unreadable"],
    ["a list", [1], "model_unreadable"],
    ["an empty object", {}, "model_unreadable"],
    ["no choices", { choices: [] }, "model_unreadable"],
    ["an envelope around nothing", { result: null, success: true }, "model_unreadable"],
    [
      "an envelope too deep",
      { result: { result: { result: { result: { response: "x" } } } } },
      "model_unreadable",
    ],
    [
      "200 with an error",
      { error: { message: "context length exceeded", code: 400 } },
      "model_overflow",
    ],
    ["200 with an error's text", { error: "boom" }, "model_unavailable"],
    [
      "200 with a busy code",
      { error: { code: "3040", message: "Capacity temporarily exceeded" } },
      "model_busy",
    ],
    ["200 with an HTTP status inside", { error: { code: 429, message: "slow" } }, "model_busy"],
    [
      "an envelope without success",
      { result: null, success: false, errors: [{ code: 5006, message: "bad" }] },
      "model_rejected",
    ],
    [
      "an envelope with errors alone",
      { errors: [{ code: 3036, message: "used up" }] },
      "model_quota",
    ],
    [
      "the binding's error body",
      { internalCode: 3030, name: "AiError", message: "filtered" },
      "model_refused",
    ],
  ];
  test.each(rows)("%s", (_name, body, code) => {
    expect(normalise(body, request(), 0)).toMatchObject({ ok: false, failure: { code } });
  });
});

describe("calls get ids of ours", () => {
  const two = chat({
    content: "",
    tool_calls: [
      call("functions.f:0", "list_files", "{}"),
      call("functions.f:0", "list_files", "{}"),
    ],
  });

  test("that differ where the endpoint repeats its own", () => {
    const reply = heard(two);
    expect(reply.calls.map((each) => each.id)).toEqual(["call00000", "call00001"]);
    expect(reply.calls.map((each) => each.providerId)).toEqual(["functions.f:0", "functions.f:0"]);
    expect(reply.quirks).toEqual(["call_id_repeated", "calls_not_announced"]);
  });

  test("where it sends none", () => {
    const reply = heard(
      chat({ content: "", tool_calls: [call(null, "list_files", "{}")] }, "tool_calls"),
    );
    expect(reply.calls[0]).toMatchObject({ id: "call00000", providerId: null });
    expect(reply.quirks).toEqual(["call_id_missing"]);
  });

  test("that go on from the transcript and skip what it holds", () => {
    const past: Message[] = [
      {
        role: "assistant",
        content: "",
        calls: [
          { id: "x", name: "list_files", arguments: "{}" },
          { id: "call00002", name: "list_files", arguments: "{}" },
        ],
      },
    ];
    expect(heard(two, past).calls.map((each) => each.id)).toEqual(["call00003", "call00004"]);
  });
});

test("a reply of ten thousand calls keeps as many as the limit allows", () => {
  const reply = heard(
    chat({
      content: "",
      tool_calls: Array.from({ length: 10_000 }, () => call("x", "list_files", "{}")),
    }),
  );
  expect(reply.calls).toHaveLength(modelLimits.callsPerReplyMax);
  expect(reply.quirks).toContain("calls_over_limit");
});

test("a call in a reply cut at the limit has a problem and no arguments, however whole it looks", () => {
  const reply = heard(chat({ content: "", tool_calls: [call("c", "list_files", "{}")] }, "length"));
  expect(reply.finish).toBe("length");
  expect(reply.calls[0]).toMatchObject({
    arguments: null,
    problem: expect.stringContaining("cut"),
  });
});

describe("a stream that nobody asked for is folded", () => {
  const line = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;
  const delta = (value: object, finish: string | null = null) =>
    line({ choices: [{ delta: value, finish_reason: finish }] });

  test("into text, reasoning and the cumulative usage", () => {
    const text = [
      line({
        choices: [{ delta: { role: "assistant", content: "" } }],
        usage: { prompt_tokens: 14, completion_tokens: 0, total_tokens: 14 },
      }),
      delta({ reasoning_content: "why" }),
      delta({ content: "he" }),
      delta({ content: "llo" }, "stop"),
      line({ choices: [], usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } }),
      line({
        response: "",
        usage: { prompt_tokens: 14, completion_tokens: 16, total_tokens: 30, neurons: 0.918 },
      }),
      line({ choices: [], usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } }),
      "data: [DONE]\n\n",
    ].join("");
    expect(heard(foldEvents(text))).toMatchObject({
      text: "hello",
      reasoning: "why",
      finish: "stop",
      usage: { prompt_tokens: 14, completion_tokens: 16, neurons: 0.918 },
    });
  });

  test("into calls, whose arguments may come before the name", () => {
    const text = [
      delta({ tool_calls: [{ index: 0, function: { arguments: '{"pa' } }] }),
      delta({
        tool_calls: [{ index: 0, id: "c1", function: { name: "read_file", arguments: "" } }],
      }),
      delta({ tool_calls: [{ index: 0, function: { arguments: 'th":"a"}' } }] }),
      delta(
        { tool_calls: [{ index: 0, id: null, function: { name: null, arguments: "" } }] },
        "tool_calls",
      ),
    ].join("");
    expect(heard(foldEvents(text)).calls).toMatchObject(readA);
  });

  test("but never where it has no end", () => {
    expect(foldEvents(delta({ content: "half" }))).toBeUndefined();
  });

  test("and an error inside it is an error", () => {
    const folded = foldEvents(line({ error: { code: 3040, message: "busy" } }));
    expect(normalise(folded, request(), 0)).toMatchObject({ failure: { code: "model_busy" } });
  });
});
