import { Validator } from "@cfworker/json-schema";
import fc from "fast-check";
import { expect, test } from "vitest";
import { problemsOf } from "../../../consumer/models/repair/validate.ts";
import { checkSchema } from "../../../shared/schema/check.ts";

const number = fc.constantFrom(0, 1, 2, 3, -1, 0.3, 1.5, 1e21);
const text = fc.constantFrom("", "a", "ab", "abc", "A", "2026-01-31", "a@b.de", "👍");
const key = fc.constantFrom("a", "b", "ab");
const scalar = fc.oneof(number, text, fc.boolean(), fc.constant(null));
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    scalar,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(key, tie("value"), { maxKeys: 3, noNullPrototype: true }),
  ),
}));
const type = fc.constantFrom("object", "array", "string", "number", "integer", "boolean", "null");
const count = fc.integer({ min: 0, max: 3 });
const { schema } = fc.letrec((tie) => {
  const list = fc.array(tie("schema"), { minLength: 1, maxLength: 3 });
  const map = fc.dictionary(key, tie("schema"), { maxKeys: 2, noNullPrototype: true });
  const keywordSchema = (keyword: string, arbitrary: fc.Arbitrary<unknown>) =>
    arbitrary.map((part) => ({ [keyword]: part }));
  const part = fc.oneof(
    keywordSchema("type", fc.oneof(type, fc.uniqueArray(type, { minLength: 1, maxLength: 2 }))),
    keywordSchema("const", value),
    keywordSchema("enum", fc.array(value, { minLength: 1, maxLength: 3 })),
    ...["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"].map((name) =>
      keywordSchema(name, number),
    ),
    keywordSchema("multipleOf", fc.constantFrom(0.1, 1, 0.5, 3)),
    ...["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"].map(
      (name) => keywordSchema(name, count),
    ),
    fc.record({ contains: tie("schema") }),
    fc.record({ contains: tie("schema"), minContains: count, maxContains: count }),
    keywordSchema("pattern", fc.constantFrom("^a", "b$", "^[A-Z]", "(?=a)")),
    keywordSchema("format", fc.constantFrom("date", "email", "uuid", "unknown")),
    keywordSchema("uniqueItems", fc.boolean()),
    keywordSchema("required", fc.uniqueArray(key, { maxLength: 2 })),
    ...["not", "items", "propertyNames", "additionalProperties"].map((name) =>
      keywordSchema(name, tie("schema")),
    ),
    ...["unevaluatedItems", "unevaluatedProperties"].map((name) =>
      keywordSchema(name, tie("schema")),
    ),
    ...["anyOf", "allOf", "oneOf", "prefixItems"].map((name) => keywordSchema(name, list)),
    ...["properties", "patternProperties", "dependentSchemas"].map((name) =>
      keywordSchema(name, map),
    ),
    fc.record({ if: tie("schema"), then: tie("schema"), else: tie("schema") }),
    fc.constant({ $ref: "#/$defs/d" }),
  );
  const schemas = fc.array(part, { minLength: 1, maxLength: 3 });
  return {
    schema: fc.oneof(
      { maxDepth: 3 },
      fc.boolean(),
      schemas.map((parts) => Object.assign({}, ...parts)),
    ),
  };
});

test("a value is accepted exactly when the reference validator accepts it", () => {
  let accepted = 0;
  fc.assert(
    fc.property(schema, schema, value, (root, target, candidate) => {
      const schema = JSON.parse(JSON.stringify({ allOf: [root], $defs: { d: target } }));
      fc.pre(checkSchema(schema).length === 0);
      const expected = new Validator(structuredClone(schema), "2020-12", false).validate(candidate);
      const problems = problemsOf(candidate, schema);
      accepted += expected.valid ? 1 : 0;
      expect(problems.length === 0).toBe(expected.valid);
    }),
    { numRuns: 5_000, seed: 7 },
  );
  expect(accepted).toBeGreaterThan(500);
});
