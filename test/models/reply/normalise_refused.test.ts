import { describe, expect, test } from "vitest";
import { normalise } from "../../../consumer/models/reply/normalise.ts";
import { foldEvents } from "../../../consumer/models/shapes/events.ts";
import { modelLimits } from "../../../shared/limits.ts";
import type { Message } from "../../../shared/models/model.ts";
import { call, chat, readA, readReply } from "../chat.ts";
import { request } from "../request.ts";

describe("what is not a reply is a failure", () => {
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
      "an envelope with only errors",
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

  test("that differ from the ids that the endpoint repeats", () => {
    const reply = readReply(two);
    expect(reply.calls.map((each) => each.id)).toEqual(["call00000", "call00001"]);
    expect(reply.calls.map((each) => each.providerId)).toEqual(["functions.f:0", "functions.f:0"]);
    expect(reply.quirks).toEqual(["call_id_repeated", "calls_not_announced"]);
  });

  test("where it sends none", () => {
    const reply = readReply(
      chat({ content: "", tool_calls: [call(null, "list_files", "{}")] }, "tool_calls"),
    );
    expect(reply.calls[0]).toMatchObject({ id: "call00000", providerId: null });
    expect(reply.quirks).toEqual(["call_id_missing"]);
  });

  test("that continue from the transcript and skip what it holds", () => {
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
    expect(readReply(two, past).calls.map((each) => each.id)).toEqual(["call00003", "call00004"]);
  });
});

test("a reply of ten thousand calls keeps as many as the limit allows", () => {
  const reply = readReply(
    chat({
      content: "",
      tool_calls: Array.from({ length: 10_000 }, () => call("x", "list_files", "{}")),
    }),
  );
  expect(reply.calls).toHaveLength(modelLimits.callsPerReplyMax);
  expect(reply.quirks).toContain("calls_over_limit");
});

test("a call in a reply cut at the limit has a problem and no arguments, however whole it looks", () => {
  const reply = readReply(
    chat({ content: "", tool_calls: [call("c", "list_files", "{}")] }, "length"),
  );
  expect(reply.finish).toBe("length");
  expect(reply.calls[0]).toMatchObject({
    arguments: null,
    problem: expect.stringContaining("cut"),
  });
});

describe("an unrequested stream is folded", () => {
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
    expect(readReply(foldEvents(text))).toMatchObject({
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
    expect(readReply(foldEvents(text)).calls).toMatchObject(readA);
  });

  test("but never where it has no end", () => {
    expect(foldEvents(delta({ content: "half" }))).toBeUndefined();
  });

  test("and an error inside it is an error", () => {
    const folded = foldEvents(line({ error: { code: 3040, message: "busy" } }));
    expect(normalise(folded, request(), 0)).toMatchObject({ failure: { code: "model_busy" } });
  });
});
