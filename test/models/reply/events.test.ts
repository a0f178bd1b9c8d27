import { describe, expect, test } from "vitest";
import { normalise } from "../../../consumer/models/reply/normalise.ts";
import { bodyValue } from "../../../consumer/models/reply/reply_body.ts";
import { request } from "../request.ts";

const sse = (...chunks: readonly unknown[]) =>
  chunks
    .map((chunk) => `data: ${typeof chunk === "string" ? chunk : JSON.stringify(chunk)}\n\n`)
    .join("");
const delta = (fields: object, finish: string | null = null) => ({
  choices: [{ delta: fields, finish_reason: finish }],
});
const call = (fields: object) => delta({ tool_calls: [fields] });

function readReply(text: string) {
  const outcome = normalise(bodyValue(text), request(), 0);
  return outcome.ok ? outcome.reply : outcome.failure.code;
}

describe("an unrequested stream is read as one reply", () => {
  const expectedCalls = [{ name: "read_file", arguments: { path: "a" }, problem: null }];

  test.each([
    [
      "parts of a call",
      [
        call({ index: 0, id: "x", function: { name: "read_file" } }),
        call({ index: 0, function: { arguments: '{"pa' } }),
        call({ index: 0, function: { arguments: 'th":"a"}' } }),
      ],
    ],
    [
      "arguments before the name",
      [
        call({ index: 0, id: "x", function: { arguments: '{"path":"a"}' } }),
        call({ index: 0, function: { name: "read_file" } }),
      ],
    ],
    [
      "a last part of nulls, without an index",
      [
        call({ index: 0, id: "x", function: { name: "read_file", arguments: '{"path":"a"}' } }),
        call({ id: null, type: null, function: { name: null, arguments: "" } }),
      ],
    ],
    [
      "arguments as a value",
      [call({ index: 0, id: "x", function: { name: "read_file", arguments: { path: "a" } } })],
    ],
  ])("%s", (_case, chunks) => {
    expect(readReply(sse(...chunks, delta({}, "tool_calls"), "[DONE]"))).toMatchObject({
      calls: expectedCalls,
      quirks: [],
    });
  });

  test("calls in several choices are all read", () => {
    const choice = (index: number, fields: object, finish_reason: string | null = null) => ({
      choices: [{ index, delta: fields, finish_reason }],
    });
    const withName = (name: string) => ({
      tool_calls: [{ index: 0, id: name, function: { name, arguments: "{}" } }],
    });
    const text = sse(
      choice(0, withName("list_files")),
      choice(1, {
        tool_calls: [
          { index: 0, id: "b", function: { name: "read_file", arguments: '{"path":"a"}' } },
        ],
      }),
      choice(0, {}, "tool_calls"),
      choice(1, {}, "tool_calls"),
      "[DONE]",
    );
    expect(readReply(text)).toMatchObject({
      calls: [{ name: "list_files" }, { name: "read_file" }],
    });
  });

  test("an error inside a choice is the error of the stream", () => {
    const failed = {
      choices: [{ delta: {}, finish_reason: "error", error: { code: 502, message: "gone" } }],
    };
    expect(readReply(sse(delta({ content: "The lamps" }), failed))).toBe("model_unavailable");
  });

  test("usage that comes as deltas and then as a sum is the sum", () => {
    const usage = (prompt_tokens: number, completion_tokens: number) => ({
      usage: { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens },
    });
    const text = sse(
      { ...delta({ content: "hi" }), ...usage(14, 1) },
      { ...delta({}, "stop"), ...usage(0, 7) },
      { choices: [], ...usage(0, 0) },
      { response: "", ...usage(14, 16) },
      "[DONE]",
    );
    expect(readReply(text)).toMatchObject({
      text: "hi",
      usage: { prompt_tokens: 14, completion_tokens: 16 },
    });
  });

  test("chunks with a `response` field (older models) are joined to one text", () => {
    expect(readReply(sse({ response: "h" }, { response: "i", usage: {} }, "[DONE]"))).toMatchObject(
      {
        text: "hi",
        finish: "stop",
      },
    );
  });

  test.each([
    ["without its end", sse(delta({ content: "hi" }))],
    ["of other things", "event: ping\n\n"],
  ])("but not one %s", (_case, text) => {
    expect(readReply(text)).toBe("model_unreadable");
  });
});
