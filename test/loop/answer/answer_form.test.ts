import { describe, expect, test } from "vitest";
import {
  answerForm,
  parseWholeText,
  unwrapAnswer,
} from "../../../consumer/loop/answer/answer_form.ts";

const form = (output_schema?: Record<string, unknown>) =>
  answerForm(output_schema === undefined ? {} : { output_schema });

describe("the form of the answer", () => {
  test("a task without a schema accepts plain text", () => {
    expect(form()).toMatchObject({ plainText: true, wrapped: false });
    expect(form().schema).toMatchObject({ required: ["text"], additionalProperties: false });
  });

  test.each([
    ["an object", { type: "object", properties: { a: {} } }, false],
    ["properties without a type", { properties: { a: {} } }, false],
    ["a list", { type: "array", items: { type: "string" } }, true],
    ["a number", { type: "number" }, true],
    ["a choice of types", { type: ["object", "null"] }, true],
    ["anything", {}, true],
  ])("a schema of %s is wrapped: %j", (_, schema, wrapped) => {
    const answer = form(schema);
    expect(answer).toMatchObject({ wrapped, plainText: false });
    expect(answer.schema).toEqual(
      wrapped
        ? {
            type: "object",
            properties: { value: schema },
            required: ["value"],
            additionalProperties: false,
          }
        : schema,
    );
  });

  test("only a wrapped answer is taken out of its field", () => {
    expect(unwrapAnswer(form({ type: "array" }), { value: [1, 2] })).toEqual([1, 2]);
    expect(unwrapAnswer(form({ type: "object" }), { value: [1, 2] })).toEqual({ value: [1, 2] });
  });
});

describe("a text that is only JSON", () => {
  test.each([
    ['{"a":1}', { a: 1 }],
    [" [1,2]\n", [1, 2]],
    ['```json\n{"a":1}\n```', { a: 1 }],
    ['\n```\n{"a":1}\n```\n', { a: 1 }],
    ["null", null],
    ["The answer is 3.", undefined],
    ['Here: {"a":1}', undefined],
    ['```json\n{"a":1}\n```\nand more', undefined],
    ['{"a":1', undefined],
    ["", undefined],
  ])("%j is parsed as %j", (text, value) => {
    expect(parseWholeText(text)).toEqual(value);
  });
});
