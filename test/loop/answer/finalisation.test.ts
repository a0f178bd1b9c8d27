import { describe, expect, test } from "vitest";
import { answerForm, argumentsOf, valuesInText } from "../../../consumer/loop/answer/answer_form.ts";
import {
  type FinalisationCause,
  type FinalStep,
  finalisationOf,
  finalStepPrompt,
  nextFinalStep,
  offeredAt,
  refusesRung,
} from "../../../consumer/loop/answer/finalisation.ts";
import { problemsOf } from "../../../consumer/models/repair/validate.ts";
import type { FailureCode } from "../../../shared/failures.ts";
import type { ModelPayload, Step } from "../../../shared/step.ts";
import { callOf, modelStep, replyOf, toolStep } from "../steps.ts";

const schema = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] };
const form = answerForm({ output_schema: schema });
const plain = answerForm({});
const able = { forcedTool: true, jsonMode: true };
const all: FinalStep[] = ["final_answer", "named", "json", "text"];

const asked = (offered: FinalStep, because: FinalisationCause = "budget_tool_calls"): Step =>
  modelStep(replyOf({ text: "no" }), offered, 1, { because });
const failed = (
  offered: FinalStep,
  code: FailureCode,
  because: FinalisationCause = "budget_tool_calls",
): Step => modelStep(null, offered, 1, { because, failure: { code, message: "" } });
const working = modelStep(replyOf({ text: "so" }));

describe("where the ladder stands is read from the journal", () => {
  test.each([
    ["while the model works, nowhere", [working, working], null],
    ["after one call for the answer", [working, asked("final_answer")], ["final_answer"]],
    ["after two", [working, asked("final_answer"), asked("named")], ["named", "final_answer"]],
    [
      "with refused calls between",
      [asked("final_answer"), toolStep(callOf("a"), "no", "refused"), asked("named")],
      ["named", "final_answer"],
    ],
    [
      "a busy endpoint uses no rung",
      [asked("final_answer"), failed("named", "model_busy")],
      ["final_answer"],
    ],
    [
      "a fault on a rung that all models have uses none",
      [failed("final_answer", "model_unavailable")],
      [],
    ],
    ["a refused force uses its rung", [failed("named", "model_rejected")], ["named"]],
    [
      "a force that ran into the deadline uses its rung",
      [failed("named", "model_deadline")],
      ["named"],
    ],
    ["work after a resume leaves it", [asked("final_answer"), working], null],
  ] as const)("%s", (_what, steps, tried) => {
    expect(finalisationOf(steps)?.tried ?? null).toEqual(tried);
  });
});

describe("the rungs are climbed in order, each once", () => {
  const climbed = (because: FinalisationCause, form_ = form, able_ = able): FinalStep[] => {
    const tried: FinalStep[] = [];
    for (;;) {
      const rung = nextFinalStep({ because, tried }, form_, able_);
      if (rung === null) return tried;
      tried.push(rung);
    }
  };
  test.each([
    ["near a budget", climbed("budget_steps"), all],
    [
      "for plain text there is no JSON to ask for",
      climbed("repetition", plain),
      ["final_answer", "named", "text"],
    ],
    ["wrong answers begin with the name", climbed("invalid_output"), ["named", "json", "text"]],
    [
      "where no tool can be forced",
      climbed("budget_cost", form, { ...able, forcedTool: false }),
      ["final_answer", "json", "text"],
    ],
    [
      "where there is no JSON mode",
      climbed("budget_cost", form, { ...able, jsonMode: false }),
      ["final_answer", "named", "text"],
    ],
  ])("%s", (_what, rungs, expected) => {
    expect(rungs).toEqual(expected);
  });
});

const finalOffer = {
  name: "final_answer",
  description: "",
  parameters: schema,
  original: schema,
  effect: "read" as const,
};

test.each([
  ["tools", { toolChoice: "auto" }],
  ["final_answer", { tools: [finalOffer], toolChoice: "auto" }],
  ["named", { tools: [finalOffer], toolChoice: { name: "final_answer" } }],
  ["json", { toolChoice: "none", jsonSchema: schema }],
  ["text", { toolChoice: "none" }],
] as const)("the rung %s is asked so", (rung, expected) => {
  expect(offeredAt(rung, [], finalOffer)).toMatchObject(expected);
});

test("what is said at a rung is said once, and JSON comes with its schema", () => {
  expect(finalStepPrompt("json", "budget_steps", [], form)[0]?.content).toContain(
    JSON.stringify(schema),
  );
  expect(finalStepPrompt("json", "budget_steps", ["json"], form)).toEqual([]);
  expect(finalStepPrompt("named", "budget_steps", ["final_answer"], form)).toEqual([]);
  expect(finalStepPrompt("text", "budget_steps", ["json"], form)[0]?.content).not.toContain(
    "integer",
  );
  expect(finalStepPrompt("text", "budget_steps", [], plain)[0]?.content).toContain("plain text");
});

describe("a failure that ends its rung and not the task", () => {
  const payload = (step: Step) => step.payload as ModelPayload;
  test.each([
    ["a forced tool refused", failed("named", "model_rejected"), true],
    ["JSON mode refused", failed("json", "model_rejected"), true],
    ["a request for the answer refused", failed("final_answer", "model_rejected"), false],
    [
      "work refused",
      modelStep(null, "tools", 1, { failure: { code: "model_rejected", message: "" } }),
      false,
    ],
    ["a filter", failed("named", "model_refused"), false],
    [
      "a script without a further turn, at a budget",
      failed("final_answer", "rehearsal_exhausted"),
      false,
    ],
    [
      "a script without a further turn, after a loop",
      failed("final_answer", "rehearsal_exhausted", "repetition"),
      true,
    ],
  ] as const)("%s: %s", (_what, step, ends) => {
    expect(refusesRung(payload(step))).toBe(ends);
  });
});

describe("an answer that was asked for as text", () => {
  const validate = (given: Record<string, unknown>, value: unknown) =>
    problemsOf(value, given).join() || null;
  const read = (text: string, of = form) =>
    valuesInText(text)
      .map((value) => argumentsOf(of, value, validate))
      .find((value) => value !== null) ?? null;
  const list = answerForm({ output_schema: { type: "array", items: { type: "integer" } } });

  test.each([
    ["bare", '{"n": 3}', { n: 3 }],
    ["in a fence behind prose", 'Here it is:\n```json\n{"n": 3}\n```\nDone.', { n: 3 }],
    ["in a sentence", 'The answer is {"n": 3}, as asked.', { n: 3 }],
    ["with a number as text", '{"n": "3"}', { n: 3 }],
    ["with a comma too many", '{"n": 3,}', { n: 3 }],
    ["as a call that was written out", '{"name": "final_answer", "arguments": {"n": 3}}', { n: 3 }],
    ["that does not fit", '{"n": "many"}', null],
    ["cut in the middle", '{"n": 3, "more": "th', null],
    ["that is no JSON", "three", null],
  ])("%s", (_what, text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  test.each([
    ["wrapped", '{"value": [1, 2]}', { value: [1, 2] }],
    ["bare", "[1, 2]", { value: [1, 2] }],
    ["in a sentence", "They are [1, 2].", { value: [1, 2] }],
  ])("a list, %s", (_what, text, expected) => {
    expect(read(text, list)).toEqual(expected);
  });
});
