import { describe, expect, test } from "vitest";
import {
  answerArguments,
  answerForm,
  parseCandidates,
} from "../../../consumer/loop/answer/answer_form.ts";
import {
  endsOnlyFinalStep,
  type FinalStep,
  finalisationOf,
  finalStepPrompt,
  nextFinalStep,
  requestOffers,
} from "../../../consumer/loop/answer/finalisation.ts";
import type { FailureCode } from "../../../shared/task/failures.ts";
import type { FinalisationCause, ModelPayload, Step } from "../../../shared/task/step.ts";
import { callOf, modelStep, replyOf, toolStep } from "../steps.ts";

const schema = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] };
const form = answerForm({ output_schema: schema });
const plainForm = answerForm({});
const abilities = { forcedTool: true, jsonMode: true };
const finalSteps: FinalStep[] = ["final_answer", "named", "json", "text"];

const tried = (offer: FinalStep, because: FinalisationCause = "budget_tool_calls"): Step =>
  modelStep(replyOf({ text: "no" }), offer, 1, { because });
const failed = (
  offer: FinalStep,
  code: FailureCode,
  because: FinalisationCause = "budget_tool_calls",
): Step => modelStep(null, offer, 1, { because, failure: { code, message: "" } });
const working = modelStep(replyOf({ text: "so" }));

describe("the finalisation state is read from the journal", () => {
  test.each([
    ["null while the model works", [working, working], null],
    ["one step after one call for the answer", [working, tried("final_answer")], ["final_answer"]],
    [
      "two steps after two calls",
      [working, tried("final_answer"), tried("named")],
      ["named", "final_answer"],
    ],
    [
      "two steps with rejected calls between them",
      [tried("final_answer"), toolStep(callOf("a"), "no", "refused"), tried("named")],
      ["named", "final_answer"],
    ],
    [
      "no further step after a busy endpoint",
      [tried("final_answer"), failed("named", "model_busy")],
      ["final_answer"],
    ],
    [
      "no step after a failure of one that every model supports",
      [failed("final_answer", "model_unavailable")],
      [],
    ],
    ["the step of a rejected forced tool", [failed("named", "model_rejected")], ["named"]],
    ["the step of a forced tool that timed out", [failed("named", "model_deadline")], ["named"]],
    ["null when the model works again after a resume", [tried("final_answer"), working], null],
  ] as const)("%s", (_case, steps, triedSteps) => {
    expect(finalisationOf(steps)?.triedSteps ?? null).toEqual(triedSteps);
  });
});

describe("the final steps are tried in order, each once", () => {
  const stepsFor = (
    cause: FinalisationCause,
    form_ = form,
    abilities_ = abilities,
  ): FinalStep[] => {
    const triedSteps: FinalStep[] = [];
    for (;;) {
      const step = nextFinalStep({ cause, triedSteps }, form_, abilities_);
      if (step === null) return triedSteps;
      triedSteps.push(step);
    }
  };
  test.each([
    ["a budget leads to all of them", stepsFor("budget_steps"), finalSteps],
    [
      "a plain-text answer skips JSON",
      stepsFor("repetition", plainForm),
      ["final_answer", "named", "text"],
    ],
    [
      "invalid answers skip the offer that led to them",
      stepsFor("invalid_output"),
      ["named", "json", "text"],
    ],
    [
      "a model whose tools cannot be forced skips that step",
      stepsFor("budget_cost", form, { ...abilities, forcedTool: false }),
      ["final_answer", "json", "text"],
    ],
    [
      "a model without JSON mode skips that step",
      stepsFor("budget_cost", form, { ...abilities, jsonMode: false }),
      ["final_answer", "named", "text"],
    ],
  ])("%s", (_case, steps, expected) => {
    expect(steps).toEqual(expected);
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
] as const)("the request of the final step %s", (step, expected) => {
  expect(requestOffers(step, [], finalOffer)).toMatchObject(expected);
});

test("the prompt of a final step appears once, and the one for JSON has the schema", () => {
  expect(finalStepPrompt("json", "budget_steps", [], form)[0]?.content).toContain(
    JSON.stringify(schema),
  );
  expect(finalStepPrompt("json", "budget_steps", ["json"], form)).toEqual([]);
  expect(finalStepPrompt("named", "budget_steps", ["final_answer"], form)).toEqual([]);
  expect(finalStepPrompt("text", "budget_steps", ["json"], form)[0]?.content).not.toContain(
    "integer",
  );
  expect(finalStepPrompt("text", "budget_steps", [], plainForm)[0]?.content).toContain(
    "plain text",
  );
});

describe("a failure ends only its final step", () => {
  const payload = (step: Step) => step.payload as ModelPayload;
  test.each([
    ["a rejected forced tool", failed("named", "model_rejected"), true],
    ["a rejected JSON mode", failed("json", "model_rejected"), true],
    ["a rejected request for the answer", failed("final_answer", "model_rejected"), false],
    [
      "a rejected request for work",
      modelStep(null, "tools", 1, { failure: { code: "model_rejected", message: "" } }),
      false,
    ],
    ["a filtered reply", failed("named", "model_refused"), false],
    [
      "a script without a further turn, near a budget",
      failed("final_answer", "rehearsal_exhausted"),
      false,
    ],
    [
      "a script without a further turn, after a loop",
      failed("final_answer", "rehearsal_exhausted", "repetition"),
      true,
    ],
  ] as const)("after %s: %s", (_case, step, ends) => {
    expect(endsOnlyFinalStep(payload(step))).toBe(ends);
  });
});

describe("an answer that was requested as text is parsed", () => {
  const read = (text: string, answerForm = form) =>
    parseCandidates(text)
      .map((value) => answerArguments(answerForm, value))
      .find((value) => value !== null) ?? null;
  const list = answerForm({ output_schema: { type: "array", items: { type: "integer" } } });

  test.each([
    ["as bare JSON", '{"n": 3}', { n: 3 }],
    ["in a fence behind prose", 'Here it is:\n```json\n{"n": 3}\n```\nDone.', { n: 3 }],
    ["in a sentence", 'The answer is {"n": 3}, as asked.', { n: 3 }],
    ["with a number as text", '{"n": "3"}', { n: 3 }],
    ["with an extra comma", '{"n": 3,}', { n: 3 }],
    ["as a call that was written out", '{"name": "final_answer", "arguments": {"n": 3}}', { n: 3 }],
    ["unless it does not fit", '{"n": "many"}', null],
    ["unless it is cut in the middle", '{"n": 3, "more": "th', null],
    ["unless it is not JSON", "three", null],
  ])("%s", (_case, text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  test.each([
    ["with its wrapper", '{"value": [1, 2]}', { value: [1, 2] }],
    ["without its wrapper", "[1, 2]", { value: [1, 2] }],
    ["in a sentence", "They are [1, 2].", { value: [1, 2] }],
  ])("as a list %s", (_case, text, expected) => {
    expect(read(text, list)).toEqual(expected);
  });
});
