import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { callsOf, foldConversation } from "../../../consumer/loop/conversation/conversation.ts";
import { finishNow, goOn } from "../../../consumer/loop/conversation/prompt.ts";
import type { Message } from "../../../consumer/models/model.ts";
import type { Step } from "../../../shared/step.ts";
import { callOf, modelStep, replyOf, toolStep } from "../steps.ts";

const opening: Message[] = [
  { role: "system", content: "s" },
  { role: "user", content: "u" },
];
const form = { schema: { type: "object" }, plainText: false };
const fold = (steps: readonly Step[], since = 0) =>
  foldConversation(opening, steps, { form, readable: true, since });
const said = (steps: readonly Step[]) => fold(steps).messages.slice(opening.length);

const first = callOf("aaaaaaaaa");
const second = callOf("bbbbbbbbb");
const both = modelStep(replyOf({ text: "look", calls: [first, second], finish: "calls" }));

describe("what the journal says", () => {
  test("nothing yet: the opening alone", () => {
    expect(fold([])).toEqual({ messages: opening, open: [], invalidTurns: 0, told: [] });
  });

  test("calls are echoed with our ids, and each answer follows with the id it answers", () => {
    expect(said([both, toolStep(first, "1"), toolStep(second, "2")])).toEqual([
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

  test("arguments that could not be read are echoed as an empty object", () => {
    const torn = callOf("ccccccccc", { arguments: null, arguments_text: '{"a"', problem: "torn" });
    const [assistant] = said([modelStep(replyOf({ calls: [torn] }))]);
    expect(assistant).toMatchObject({ calls: [{ arguments: "{}" }] });
  });

  test("reasoning is carried along where there was some", () => {
    expect(said([modelStep(replyOf({ text: "t", reasoning: "r" }))])[0]).toMatchObject({
      content: "t",
      reasoning: "r",
    });
  });

  test.each([
    ["plain text", replyOf({ text: "I am done." }), /plain text/],
    ["nothing", replyOf({ text: " " }), /empty/],
    ["a cut reply", replyOf({ text: "and", finish: "length" }), /cut off/],
  ])("%s is answered with what to do instead", (_, reply, words) => {
    expect(said([modelStep(reply)]).at(-1)).toMatchObject({
      role: "user",
      content: expect.stringMatching(words),
    });
  });

  test("a failed model call leaves no trace in the conversation", () => {
    expect(said([modelStep(null), both])).toEqual(said([both]));
  });

  test("the request to finish stands once, before the first reply that it led to", () => {
    const text = modelStep(replyOf({ text: "so" }), "final_answer");
    const roles = said([both, toolStep(first, "1"), toolStep(second, "2"), text, text]);
    expect(roles.filter(({ content }) => content === finishNow)).toHaveLength(1);
    expect(roles.findIndex(({ content }) => content === finishNow)).toBe(3);
  });
});

describe("calls without an outcome", () => {
  const open = (steps: readonly Step[]) => fold(steps).open.map(({ call }) => call.id);

  test("are those of the last reply that nothing has answered yet", () => {
    expect(open([both])).toEqual(["aaaaaaaaa", "bbbbbbbbb"]);
    expect(open([both, toolStep(first, "1")])).toEqual(["bbbbbbbbb"]);
    expect(open([both, toolStep(first, "1"), toolStep(second, "no", "refused")])).toEqual([]);
  });

  test("one that was begun is marked, and says nothing to the model", () => {
    const steps = [both, toolStep(first, "", "intent")];
    expect(fold(steps).open).toEqual([
      { call: first, intent: { seq: 1 } },
      { call: second, intent: null },
    ]);
    expect(said(steps)).toEqual(said([both]));
  });
});

test.each([
  ["nothing", [], 0],
  ["text", [modelStep(replyOf({ text: "a" }))], 1],
  ["two texts", [modelStep(replyOf({ text: "a" })), modelStep(replyOf({ text: "b" }))], 2],
  ["refused calls only", [modelStep(replyOf({ calls: [callOf("d", { problem: "p" })] }))], 1],
  [
    "one good call among refused ones",
    [modelStep(replyOf({ calls: [callOf("d", { problem: "p" }), first] }))],
    0,
  ],
  ["text, then a good call", [modelStep(replyOf({ text: "a" })), both], 0],
  ["text, then a failed model call", [modelStep(replyOf({ text: "a" })), modelStep(null)], 1],
] as const)("replies in a row of no use after %s: %#", (_, steps, invalidTurns) => {
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

test("the conversation only ever grows at its end: a prefix of the journal gives a prefix of it", () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 12 }), fc.nat(), (journal, at) => {
      const whole = fold(journal).messages;
      const part = fold(journal.slice(0, at % (journal.length + 1))).messages;
      expect(whole.slice(0, part.length)).toEqual(part);
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

test("the calls of a model are counted with its refusals and failures, and not those of others", () => {
  const refused = modelStep(null);
  if (refused.payload.kind === "model") refused.payload.times = 3;
  const other = modelStep(null);
  if (other.payload.kind === "model") other.payload.model = "n";
  expect(callsOf("m", [refused, other, both, toolStep(first, "1"), modelStep(null)])).toBe(5);
});

describe("a task that was resumed from the run with fence 1", () => {
  const later = (step: Step): Step => ({ ...step, fence: 3 });
  const spoken = (steps: readonly Step[]) => fold(steps, 1);
  const finishing = modelStep(replyOf({ calls: [first] }), "final_answer");
  const useless = modelStep(replyOf());

  test("counts replies of no use from there on", () => {
    expect(spoken([useless, useless]).invalidTurns).toBe(0);
    expect(spoken([useless, useless, later(useless)]).invalidTurns).toBe(1);
  });

  test("hears that it may go on where it was told to finish, and may be told again", () => {
    const told = spoken([finishing, toolStep(first, "1")]);
    expect(told.messages.at(-1)).toEqual({ role: "user", content: goOn });
    expect(told.told).toEqual([]);
    const again = spoken([finishing, toolStep(first, "1"), later(finishing)]);
    const users = again.messages.slice(opening.length).filter(({ role }) => role === "user");
    expect(users.map(({ content }) => content)).toEqual([finishNow, goOn, finishNow]);
    expect(again.messages.slice(0, told.messages.length)).toEqual(told.messages);
    expect(again.told).toEqual(["final_answer"]);
  });

  test("hears nothing between a call and its answer", () => {
    const roles = (steps: readonly Step[]) =>
      spoken(steps)
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

  test("hears nothing where it was not told to finish", () => {
    expect(spoken([both, toolStep(first, "1"), toolStep(second, "2")]).messages).toHaveLength(
      opening.length + 3,
    );
  });
});

test("a call past the end of a rehearsal played no turn", () => {
  const failed = modelStep(null);
  const payload = { ...failed.payload, failure: { code: "rehearsal_exhausted", message: "" } };
  expect(callsOf("m", [failed, { ...failed, payload } as Step])).toBe(1);
});
