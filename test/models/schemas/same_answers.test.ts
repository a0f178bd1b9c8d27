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
  const one = (keyword: string, arbitrary: fc.Arbitrary<unknown>) =>
    arbitrary.map((part) => ({ [keyword]: part }));
  const part = fc.oneof(
    one("type", fc.oneof(type, fc.uniqueArray(type, { minLength: 1, maxLength: 2 }))),
    one("const", value),
    one("enum", fc.array(value, { minLength: 1, maxLength: 3 })),
    ...["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"].map((name) =>
      one(name, number),
    ),
    one("multipleOf", fc.constantFrom(0.1, 1, 0.5, 3)),
    ...["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"].map(
      (name) => one(name, count),
    ),
    fc.record({ contains: tie("schema") }),
    fc.record({ contains: tie("schema"), minContains: count, maxContains: count }),
    one("pattern", fc.constantFrom("^a", "b$", "^[A-Z]", "(?=a)")),
    one("format", fc.constantFrom("date", "email", "uuid", "unknown")),
    one("uniqueItems", fc.boolean()),
    one("required", fc.uniqueArray(key, { maxLength: 2 })),
    ...["not", "items", "propertyNames", "additionalProperties"].map((name) =>
      one(name, tie("schema")),
    ),
    ...["unevaluatedItems", "unevaluatedProperties"].map((name) => one(name, tie("schema"))),
    ...["anyOf", "allOf", "oneOf", "prefixItems"].map((name) => one(name, list)),
    ...["properties", "patternProperties", "dependentSchemas"].map((name) => one(name, map)),
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
      const whole = JSON.parse(JSON.stringify({ allOf: [root], $defs: { d: target } }));
      fc.pre(checkSchema(whole).length === 0);
      const expected = new Validator(structuredClone(whole), "2020-12", false).validate(candidate);
      const problems = problemsOf(candidate, whole);
      accepted += expected.valid ? 1 : 0;
      expect(problems.length === 0).toBe(expected.valid);
    }),
    { numRuns: 5_000, seed: 7 },
  );
  expect(accepted).toBeGreaterThan(500);
});
