import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { answerForm } from "../../../consumer/loop/answer/answer_form.ts";
import {
  compactionFor,
  mustCompact,
  type Room,
  tokenScale,
  windowOf,
} from "../../../consumer/loop/conversation/compaction.ts";
import { foldConversation } from "../../../consumer/loop/conversation/conversation.ts";
import type { Message } from "../../../shared/models/model.ts";
import { estimatePrompt } from "../../../shared/models/tokens.ts";
import type { Compaction, Step } from "../../../shared/task/step.ts";
import { callOf, modelStep, replyOf, toolStep } from "../steps.ts";

const opening: Message[] = [{ role: "system", content: "s" }];
const options = { form: answerForm({}), canReadFiles: true, resumedFrom: 0 };
const fold = (steps: readonly Step[], nextCompaction: Compaction | null = null) =>
  foldConversation(opening, steps, options, nextCompaction).messages;

/** A journal of turns, each with one call whose output has the given number of characters. */
const journal = (sizes: readonly number[]): Step[] =>
  sizes.flatMap((size, n) => {
    const call = callOf(`call0000${n}`, { arguments: { path: `f${n}` }, name: "run_code" });
    const text = `<${n}>${"lorem ipsum ".repeat(size / 12)}`.slice(0, size);
    return [
      modelStep(replyOf({ calls: [call], reasoning: "hm" }), "tools", 2 * n + 1),
      toolStep(call, text, "done", 2 * n + 2),
    ];
  });
const roomFor = (steps: readonly Step[], windowTokens: number): Room => ({
  windowTokens,
  estimateTokens: (extra) => estimatePrompt({ messages: fold(steps, extra), tools: [] }),
});
const big = journal([8_000, 8_000, 8_000, 8_000]);

describe("outputs are elided from three quarters of the window on", () => {
  test.each([
    ["none far below it", 100_000, null],
    ["all but those of the last two turns just above it", 10_500, { upto: 4 }],
    ["all but those of the last turn far above it", 5_000, { upto: 6 }],
    ["all of them where nothing else helps", 1_500, { upto: 8 }],
  ])("%s", (_case, windowTokens, expected) => {
    const compaction = compactionFor(big, roomFor(big, windowTokens), false);
    if (expected === null) expect(compaction).toBeNull();
    else expect(compaction).toMatchObject(expected);
  });

  test("an overflow elides outputs regardless of the count", () => {
    expect(compactionFor(big, roomFor(big, 1_000_000), true)).toMatchObject({ upto: 4 });
  });

  test("an overflow without anything to elide is reported as such", () => {
    expect(compactionFor([], roomFor([], 10), true)).toBe("none");
    const smallJournal = journal([20]);
    expect(compactionFor(smallJournal, roomFor(smallJournal, 10), true)).toBe("none");
  });
});

describe("after a compaction", () => {
  const compacted: Step[] = [
    ...big,
    modelStep(replyOf({ text: "so" }), "tools", 9, { compaction: { upto: 4, chars: 400 } }),
  ];
  const messages = fold(compacted);

  test("old outputs keep head and tail and name the file with the rest", () => {
    const tools = messages.filter((message) => message.role === "tool");
    expect(tools.map((message) => message.content.length > 1_000)).toEqual([
      false,
      false,
      true,
      true,
    ]);
    expect(tools[0]?.content).toMatch(
      /^<0>lorem[\s\S]*characters left out; the whole output is the file \.outputs\/2\.txt[\s\S]*ipsum ?$/,
    );
  });

  test("each call keeps its result, and old reasoning is dropped", () => {
    const calls = messages.flatMap((message) =>
      message.role === "assistant" ? (message.calls ?? []).map((call) => call.id) : [],
    );
    const results = messages.flatMap((message) =>
      message.role === "tool" ? [message.call_id] : [],
    );
    expect(results).toEqual(calls);
    const reasoning = messages.map((message) => message.role === "assistant" && message.reasoning);
    expect(reasoning.filter(Boolean)).toHaveLength(2);
  });

  test("long texts in old arguments are cut, and the arguments keep their shape", () => {
    const call = callOf("call00000", {
      name: "write_file",
      arguments: { path: "a", content: "x".repeat(9_000) },
    });
    const steps = [
      modelStep(replyOf({ calls: [call] })),
      toolStep(call, "ok", "done", 2),
      modelStep(replyOf({ text: "so" }), "tools", 3, { compaction: { upto: 2, chars: 400 } }),
    ];
    const [, assistant] = fold(steps);
    const sent = assistant?.role === "assistant" ? assistant.calls?.[0]?.arguments : "";
    expect(JSON.parse(sent ?? "")).toEqual({
      path: "a",
      content: expect.stringMatching(/^x+\n\[8600 char/),
    });
  });

  test("a task without a tool that reads files gets no file name", () => {
    const { messages: shown } = foldConversation(opening, compacted, {
      ...options,
      canReadFiles: false,
    });
    expect(JSON.stringify(shown)).not.toContain(".outputs");
  });

  test("every fold gives the same bytes, and the conversation grows at its end again", () => {
    const compactions = fc.record({
      upto: fc.integer({ min: 0, max: 12 }),
      chars: fc.constantFrom(200, 400),
    });
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 12, max: 3_000 }), { minLength: 1, maxLength: 5 }),
        compactions,
        fc.nat(),
        (sizes, compaction, position) => {
          const before = journal(sizes);
          const after = journal(sizes).map((step) => ({ ...step, seq: step.seq + 100 }));
          const mark = modelStep(replyOf({ text: "x" }), "tools", 99, { compaction });
          const allSteps = [...before, mark, ...after];
          const part = allSteps.slice(0, before.length + 1 + (position % (after.length + 1)));
          const [long, short] = [fold(allSteps), fold(part)];
          expect(JSON.stringify(fold(structuredClone(part)))).toBe(JSON.stringify(short));
          expect(long.slice(0, short.length)).toEqual(short);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe("what is learned from an endpoint", () => {
  const overflow = (windowTokens?: number, forced = false): Step => {
    const failure = {
      code: "model_overflow" as const,
      message: "",
      ...(windowTokens ? { windowTokens } : {}),
    };
    return modelStep(null, "tools", 1, { failure, ...(forced ? { forced: true as const } : {}) });
  };
  test("the window of a model is the smallest that its errors named", () => {
    expect(windowOf([], "m", 128_000)).toBe(128_000);
    expect(windowOf([overflow(8_192), overflow(4_096)], "m", 128_000)).toBe(4_096);
    expect(windowOf([overflow(8_192)], "other", 128_000)).toBe(128_000);
  });

  test("a call must be compacted after an overflow, unless a compaction was already forced", () => {
    expect(mustCompact([overflow()], "m")).toBe(true);
    expect(mustCompact([overflow()], "other")).toBe(false);
    expect(mustCompact([overflow(), modelStep(replyOf({}))], "m")).toBe(false);
    expect(mustCompact([overflow(), overflow(undefined, true)], "m")).toBe(false);
  });

  test("the scale of its token count is learned within bounds", () => {
    const journalOf = (prompt_tokens: number) =>
      modelStep(replyOf({}), "tools", 1, {
        estimate: 1_000,
        usage: { prompt_tokens, cached_tokens: 0, completion_tokens: 1, cost_usd: 0 },
      });
    expect(tokenScale([], "m")).toBe(1);
    expect(tokenScale([journalOf(1_500)], "m")).toBe(1.5);
    expect(tokenScale([journalOf(1_500), modelStep(null)], "m")).toBe(1.5);
    expect(tokenScale([journalOf(100_000)], "m")).toBe(3);
    expect(tokenScale([journalOf(0)], "m")).toBe(1);
  });
});
