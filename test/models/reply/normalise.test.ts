import { describe, expect, test } from "vitest";
import { call, chat, readA, readReply, usage } from "../chat.ts";

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
      "counts that no store could add up",
      chat({ content: "x" }, "stop", {
        usage: { prompt_tokens: 5e18, completion_tokens: 1e300, neurons: 1e300 },
      }),
      { usage: { prompt_tokens: 1e9, completion_tokens: 1e9, neurons: 1e9 } },
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
      "a reply whose reasoning reached the limit",
      chat({ content: "", reasoning: "…" }, "length"),
      { finish: "length", text: "", quirks: ["thought_filled_reply"] },
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
      "a usage that is not a number",
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
    expect(readReply(body)).toMatchObject(expected);
  });
});

describe("a text that repeats itself is marked", () => {
  const quirksOf = (content: string) => readReply(chat({ content })).quirks;
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
