import { describe, expect, test } from "vitest";
import { answerForm, jsonInText, unwrap } from "../../../consumer/loop/answer/answer_form.ts";

const form = (output_schema?: Record<string, unknown>) =>
  answerForm(output_schema === undefined ? {} : { output_schema });

describe("the form of the answer", () => {
  test("without a schema, plain text is an answer", () => {
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
  ])("a schema of %s: wrapped %j", (_, schema, wrapped) => {
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

  test("a wrapped answer is taken out of its field, another stands as it is", () => {
    expect(unwrap(form({ type: "array" }), { value: [1, 2] })).toEqual([1, 2]);
    expect(unwrap(form({ type: "object" }), { value: [1, 2] })).toEqual({ value: [1, 2] });
  });
});

describe("JSON in plain text", () => {
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
  ])("%j is read as %j", (text, value) => {
    expect(jsonInText(text)).toEqual(value);
  });
});
