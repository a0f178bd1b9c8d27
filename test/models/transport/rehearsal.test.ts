import { Value } from "@sinclair/typebox/value";
import { describe, expect, test } from "vitest";
import { play, rehearsalTransport } from "../../../consumer/models/transport/rehearsal.ts";
import { type Rehearsal, rehearsalSchema } from "../../../shared/task/rehearsal.ts";
import { answeredCalls, request } from "../request.ts";

const results = (...contents: string[]) => answeredCalls(contents);

const branch: Rehearsal = [
  {
    when: { tool_result_contains: "404" },
    then: { text: "missing", delay_ms: 3 },
    else: {
      when: { tool_result_contains: "200" },
      then: { calls: [{ name: "read_file", arguments: { path: "a" } }] },
      else: { error: { status: 503, code: "down", message: "no luck" } },
    },
    delay_ms: 2,
  },
];

describe("a turn is played", () => {
  const cases: [
    name: string,
    turns: Rehearsal,
    messages: ReturnType<typeof results>,
    expected: object,
  ][] = [
    [
      "when the result holds the words",
      branch,
      results("status 404"),
      { kind: "reply", delayMs: 5 },
    ],
    ["when one of several results holds them", branch, results("ok", "404"), { delayMs: 5 }],
    ["else a nested when", branch, results("status 200"), { kind: "reply", delayMs: 2 }],
    ["else the last else", branch, results("nothing"), { kind: "error", status: 503 }],
    ["without any result, else", branch, [], { kind: "error", status: 503 }],
    [
      "only for results since the model spoke",
      branch,
      [...results("404"), ...results("200")],
      { kind: "reply", delayMs: 2 },
    ],
    ["with the wait it names", [{ text: "x", delay_ms: 7 }], [], { delayMs: 7, nextPosition: 1 }],
    ["at no wait", [{ text: "x" }], [], { delayMs: 0 }],
    [
      "as it is when raw",
      [{ raw: { response: "x" } }],
      [],
      { kind: "reply", body: { response: "x" } },
    ],
    [
      "as an error with Retry-After",
      [{ error: { status: 429, code: 3040, message: "m", retry_after: 2 } }],
      [],
      { retryAfter: "2", body: { error: { code: 3040, message: "m" } } },
    ],
  ];
  test.each(cases)("%s", (_name, turns, messages, expected) => {
    expect(play(turns, 0, { messages })).toMatchObject(expected);
  });

  test("and each position has its own turn until none is left", () => {
    const turns: Rehearsal = [{ text: "a" }, { text: "b" }];
    expect(play(turns, 1, { messages: [] })).toMatchObject({ kind: "reply", nextPosition: 2 });
    expect(play(turns, 2, { messages: [] })).toEqual({ kind: "exhausted", turns: 2 });
  });
});

describe("the scripted model as a transport", () => {
  const tick = async () => {};

  test("answers text with an estimated usage", async () => {
    const outcome = await rehearsalTransport({ turns: [{ text: "hello" }], position: 0 }).complete(
      request(),
    );
    expect(outcome).toMatchObject({
      ok: true,
      reply: { text: "hello", finish: "stop", calls: [], usage: { estimated: true } },
    });
  });

  test("answers calls that pass repair and validation", async () => {
    const turns: Rehearsal = [
      {
        text: "I look.",
        calls: [
          { name: "read_file", arguments: { path: "a" } },
          { name: "read_file", arguments: { path: 1, extra: 2 } },
          { name: "read_file", arguments: "{'path': 'b'}" },
          { name: "nothing" },
        ],
      },
    ];
    const outcome = await rehearsalTransport({ turns, position: 0 }).complete(request());
    if (!outcome.ok) throw new Error(outcome.failure.message);
    expect(outcome.reply.text).toBe("I look.");
    expect(outcome.reply.finish).toBe("calls");
    expect(
      outcome.reply.calls.map((call) => [call.id, call.arguments, call.problem === null]),
    ).toEqual([
      ["call00000", { path: "a" }, true],
      ["call00001", { path: 1, extra: 2 }, false],
      ["call00002", { path: "b" }, true],
      ["call00003", null, false],
    ]);
  });

  test("uses a turn for a failed call too, and ends when none is left", async () => {
    const turns: Rehearsal = [
      { error: { status: 429, code: "rate_limited", message: "slow down", retry_after: 3 } },
      { raw: { success: false, errors: [{ code: 3043, message: "internal" }] } },
      { text: "done" },
    ];
    const model = rehearsalTransport({ turns, position: 0 });
    expect(await model.complete(request())).toMatchObject({
      ok: false,
      failure: { code: "model_busy", retryAfterMs: 3_000, status: 429 },
    });
    expect(await model.complete(request())).toMatchObject({
      failure: { code: "model_unavailable" },
    });
    expect(await model.complete(request())).toMatchObject({ reply: { text: "done" } });
    expect(await model.complete(request())).toMatchObject({
      failure: { code: "rehearsal_exhausted" },
    });
  });

  test("begins at the position it is given", async () => {
    const model = rehearsalTransport({ turns: [{ text: "a" }, { text: "b" }], position: 1 });
    expect(await model.complete(request())).toMatchObject({ reply: { text: "b" } });
  });

  test("waits as the turn says", async () => {
    const waits: number[] = [];
    const model = rehearsalTransport(
      { turns: [{ text: "a", delay_ms: 60_000 }], position: 0 },
      async (ms) => {
        waits.push(ms);
        await tick();
      },
    );
    expect(await model.complete(request())).toMatchObject({ ok: true });
    expect(waits).toEqual([60_000]);
  });

  test("stops waiting when its caller stops it", async () => {
    const stop = new AbortController();
    const model = rehearsalTransport({ turns: [{ text: "a", delay_ms: 60_000 }], position: 0 });
    const outcome = model.complete(request({ signal: stop.signal }));
    stop.abort();
    expect(await outcome).toMatchObject({ ok: false, failure: { code: "model_deadline" } });
  });

  test("is stopped before it waits when its caller has stopped already", async () => {
    const model = rehearsalTransport({ turns: [{ text: "a", delay_ms: 60_000 }], position: 0 });
    const outcome = await model.complete(request({ signal: AbortSignal.abort() }));
    expect(outcome).toMatchObject({ ok: false, failure: { code: "model_deadline" } });
  });
});

describe("the schema of turns", () => {
  const accepted: [string, unknown][] = [
    ["text", { text: "a" }],
    ["calls without arguments", { calls: [{ name: "f" }] }],
    ["calls with text for arguments", { calls: [{ name: "f", arguments: "{" }] }],
    ["any raw value", { raw: null }],
    ["an error", { error: { status: 500, code: 1, message: "" }, delay_ms: 60_000 }],
    ["nested conditions", branch[0]],
  ];
  test.each(accepted)("accepts %s", (_name, turn) => {
    expect(Value.Check(rehearsalSchema, [turn])).toBe(true);
  });

  const rejectedCases: [string, unknown][] = [
    ["an unknown field", { text: "a", more: 1 }],
    ["two kinds at once", { text: "a", raw: 1 }],
    ["nothing but a wait", { delay_ms: 1 }],
    ["a wait over a minute", { text: "a", delay_ms: 60_001 }],
    ["a condition without else", { when: { tool_result_contains: "a" }, then: { text: "b" } }],
    [
      "a bad turn inside a condition",
      { when: { tool_result_contains: "a" }, then: { text: 1 }, else: { text: "" } },
    ],
    ["no calls", { calls: [] }],
    ["an error without a status", { error: { code: 1, message: "" } }],
    ["a list for arguments", { calls: [{ name: "f", arguments: [] }] }],
  ];
  test.each(rejectedCases)("refuses %s", (_name, turn) => {
    expect(Value.Check(rehearsalSchema, [turn])).toBe(false);
  });
});
