import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  countModelCalls,
  foldConversation,
} from "../../../consumer/loop/conversation/conversation.ts";
import { budgetFinishText, continueText } from "../../../consumer/loop/conversation/prompt.ts";
import type { Message } from "../../../shared/models/model.ts";
import type { Step } from "../../../shared/task/step.ts";
import { callOf, modelStep, replyOf, toolStep } from "../steps.ts";

const opening: Message[] = [
  { role: "system", content: "s" },
  { role: "user", content: "u" },
];
const form = { schema: { type: "object" }, plainText: false };
const fold = (steps: readonly Step[], resumedFrom = 0) =>
  foldConversation(opening, steps, { form, canReadFiles: true, resumedFrom });
const messagesOf = (steps: readonly Step[]) => fold(steps).messages.slice(opening.length);

const first = callOf("aaaaaaaaa");
const second = callOf("bbbbbbbbb");
const turn = modelStep(replyOf({ text: "look", calls: [first, second], finish: "calls" }));

describe("the messages", () => {
  test("an empty journal gives only the opening", () => {
    expect(fold([])).toEqual({
      messages: opening,
      openCalls: [],
      invalidTurns: 0,
      promptedSteps: [],
    });
  });

  test("calls are echoed with our ids, and each result has the id of its call", () => {
    expect(messagesOf([turn, toolStep(first, "1"), toolStep(second, "2")])).toEqual([
      {
        role: "assistant",
        content: "look",
        calls: [
          { id: "aaaaaaaaa", name: "read_file", arguments: "{}" },
          { id: "bbbbbbbbb", name: "read_file", arguments: "{}" },
        ],
      },
      { role: "tool", call_id: "aaaaaaaaa", name: "read_file", content: "1" },
      { role: "tool", call_id: "bbbbbbbbb", name: "read_file", content: "2" },
    ]);
  });

  test("unreadable arguments are echoed as an empty object", () => {
    const torn = callOf("ccccccccc", { arguments: null, arguments_text: '{"a"', problem: "torn" });
    const [assistant] = messagesOf([modelStep(replyOf({ calls: [torn] }))]);
    expect(assistant).toMatchObject({ calls: [{ arguments: "{}" }] });
  });

  test("reasoning is echoed", () => {
    expect(messagesOf([modelStep(replyOf({ text: "t", reasoning: "r" }))])[0]).toMatchObject({
      content: "t",
      reasoning: "r",
    });
  });

  test.each([
    ["plain text", replyOf({ text: "I am done." }), /plain text/],
    ["an empty reply", replyOf({ text: " " }), /empty/],
    ["a cut reply", replyOf({ text: "and", finish: "length" }), /cut off/],
  ])("%s gets a message that says what to do", (_, reply, text) => {
    expect(messagesOf([modelStep(reply)]).at(-1)).toMatchObject({
      role: "user",
      content: expect.stringMatching(text),
    });
  });

  test("a failed model call leaves no trace in the conversation", () => {
    expect(messagesOf([modelStep(null), turn])).toEqual(messagesOf([turn]));
  });

  test("the request to finish appears once, before the first reply to it", () => {
    const text = modelStep(replyOf({ text: "so" }), "final_answer");
    const roles = messagesOf([turn, toolStep(first, "1"), toolStep(second, "2"), text, text]);
    expect(roles.filter(({ content }) => content === budgetFinishText)).toHaveLength(1);
    expect(roles.findIndex(({ content }) => content === budgetFinishText)).toBe(3);
  });
});

describe("open calls", () => {
  const openIds = (steps: readonly Step[]) => fold(steps).openCalls.map(({ call }) => call.id);

  test("are the calls of the last reply without a result", () => {
    expect(openIds([turn])).toEqual(["aaaaaaaaa", "bbbbbbbbb"]);
    expect(openIds([turn, toolStep(first, "1")])).toEqual(["bbbbbbbbb"]);
    expect(openIds([turn, toolStep(first, "1"), toolStep(second, "no", "refused")])).toEqual([]);
  });

  test("a started call has an intent, which adds no message", () => {
    const steps = [turn, toolStep(first, "", "intent")];
    expect(fold(steps).openCalls).toEqual([
      { call: first, intent: { seq: 1 } },
      { call: second, intent: null },
    ]);
    expect(messagesOf(steps)).toEqual(messagesOf([turn]));
  });
});

test.each([
  ["no reply", [], 0],
  ["text", [modelStep(replyOf({ text: "a" }))], 1],
  ["two texts", [modelStep(replyOf({ text: "a" })), modelStep(replyOf({ text: "b" }))], 2],
  ["only rejected calls", [modelStep(replyOf({ calls: [callOf("d", { problem: "p" })] }))], 1],
  [
    "one valid call among rejected ones",
    [modelStep(replyOf({ calls: [callOf("d", { problem: "p" }), first] }))],
    0,
  ],
  ["text, then a valid call", [modelStep(replyOf({ text: "a" })), turn], 0],
  ["text, then a failed model call", [modelStep(replyOf({ text: "a" })), modelStep(null)], 1],
] as const)("invalid turns after %s: %#", (_, steps, invalidTurns) => {
  expect(fold(steps).invalidTurns).toBe(invalidTurns);
});

const ids = fc.constantFrom("aaaaaaaaa", "bbbbbbbbb", "ccccccccc");
const calls = fc.record({
  id: ids,
  problem: fc.option(fc.string(), { nil: null }),
  readable: fc.boolean(),
});
const replies = fc.record({
  text: fc.string(),
  reasoning: fc.string(),
  calls: fc.array(calls, { maxLength: 3 }),
  finish: fc.constantFrom("stop", "calls", "length"),
});
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.constant(modelStep(null)),
  fc
    .tuple(replies, fc.constantFrom("tools" as const, "final_answer" as const))
    .map(([reply, offered]) =>
      modelStep(
        replyOf({
          ...reply,
          calls: reply.calls.map(({ id, problem, readable }) =>
            callOf(id, { problem, arguments: readable ? { a: 1 } : null }),
          ),
        }),
        offered,
      ),
    ),
  fc
    .tuple(
      ids,
      fc.string(),
      fc.constantFrom("done" as const, "failed" as const, "refused" as const, "intent" as const),
    )
    .map(([id, text, status]) => toolStep(callOf(id), text, status)),
);

test("a prefix of the journal gives a prefix of the conversation", () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 12 }), fc.nat(), (journal, position) => {
      const allMessages = fold(journal).messages;
      const part = fold(journal.slice(0, position % (journal.length + 1))).messages;
      expect(allMessages.slice(0, part.length)).toEqual(part);
    }),
  );
});

test("folding the same journal twice gives the same bytes", () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 8 }), (journal) => {
      expect(JSON.stringify(fold(journal))).toBe(JSON.stringify(fold(structuredClone(journal))));
    }),
  );
});

test("the calls of a model are counted with its rejections and failures", () => {
  const refusal = modelStep(null);
  if (refusal.payload.kind === "model") refusal.payload.times = 3;
  const other = modelStep(null);
  if (other.payload.kind === "model") other.payload.model = "n";
  expect(countModelCalls("m", [refusal, other, turn, toolStep(first, "1"), modelStep(null)])).toBe(
    5,
  );
});

describe("a task that continues the run with fence 1", () => {
  const later = (step: Step): Step => ({ ...step, fence: 3 });
  const resume = (steps: readonly Step[]) => fold(steps, 1);
  const finishing = modelStep(replyOf({ calls: [first] }), "final_answer");
  const useless = modelStep(replyOf());

  test("counts only its own invalid turns", () => {
    expect(resume([useless, useless]).invalidTurns).toBe(0);
    expect(resume([useless, useless, later(useless)]).invalidTurns).toBe(1);
  });

  test("is asked to continue after a request to finish, and may be asked to finish again", () => {
    const before = resume([finishing, toolStep(first, "1")]);
    expect(before.messages.at(-1)).toEqual({ role: "user", content: continueText });
    expect(before.promptedSteps).toEqual([]);
    const after = resume([finishing, toolStep(first, "1"), later(finishing)]);
    const users = after.messages.slice(opening.length).filter(({ role }) => role === "user");
    expect(users.map(({ content }) => content)).toEqual([
      budgetFinishText,
      continueText,
      budgetFinishText,
    ]);
    expect(after.messages.slice(0, before.messages.length)).toEqual(before.messages);
    expect(after.promptedSteps).toEqual(["final_answer"]);
  });

  test("gets no message between a call and its result", () => {
    const roles = (steps: readonly Step[]) =>
      resume(steps)
        .messages.slice(opening.length)
        .map(({ role }) => role);
    expect(roles([finishing])).toEqual(["user", "assistant"]);
    expect(roles([finishing, later(toolStep(first, "1"))])).toEqual([
      "user",
      "assistant",
      "tool",
      "user",
    ]);
  });

  test("gets no message if it was not asked to finish", () => {
    expect(resume([turn, toolStep(first, "1"), toolStep(second, "2")]).messages).toHaveLength(
      opening.length + 3,
    );
  });
});

test("a call after the end of a rehearsal is not counted", () => {
  const failed = modelStep(null);
  const payload = { ...failed.payload, failure: { code: "rehearsal_exhausted", message: "" } };
  expect(countModelCalls("m", [failed, { ...failed, payload } as Step])).toBe(1);
});
