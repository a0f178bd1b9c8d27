import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { problemsOf } from "../../../consumer/models/repair/validate.ts";
import { safeToolName, simplifySchema } from "../../../consumer/models/request/simplify.ts";
import { modelLimits } from "../../../shared/limits.ts";
import { checkSchema } from "../../../shared/schema/check.ts";

const nest = (depth: number): unknown => (depth === 0 ? {} : { items: nest(depth - 1) });

describe("a schema is accepted", () => {
  const rows: [string, unknown][] = [
    ["empty", {}],
    ["true", true],
    [
      "an object's",
      {
        type: "object",
        properties: { a: { type: "string" } },
        required: ["a"],
        additionalProperties: false,
      },
    ],
    ["several types", { type: ["string", "null"] }],
    ["unknown keywords", { "x-note": 1, title: "T" }],
    ["a reference", { $defs: { a: { type: "string" } }, properties: { b: { $ref: "#/$defs/a" } } }],
    ["a tree that refers to itself through a property", { properties: { child: { $ref: "#" } } }],
    ["a tree inside allOf", { allOf: [{ properties: { child: { $ref: "#" } } }] }],
    ["a list that refers to itself", { type: "array", items: { $ref: "#" } }],
    ["a reference with an escape", { $defs: { "a/b": {} }, $ref: "#/$defs/a~1b" }],
    ["patterns", { pattern: "^[a-z]+(-[a-z]+)?$", patternProperties: { "^x": {} } }],
    ["a group that repeats without nesting", { pattern: "^(foo|bar)*$" }],
    ["an escaped quantifier inside", { pattern: "(a\\+)+" }],
    ["a quantifier inside a class", { pattern: "([*+])+" }],
  ];
  test.each(rows)("%s", (_name, schema) => {
    expect(checkSchema(schema)).toEqual([]);
  });
});

describe("a schema is refused with its path", () => {
  const rows: [string, unknown, string][] = [
    ["a string", "object", ""],
    ["null", null, ""],
    ["a list", [], ""],
    ["an unknown type", { properties: { a: { type: "text" } } }, "properties.a.type"],
    ["an empty list of types", { type: [] }, "type"],
    ["a schema that is a string", { properties: { a: "string" } }, "properties.a"],
    ["properties that are a list", { properties: [] }, "properties"],
    ["required that is true", { properties: { a: { required: true } } }, "properties.a.required"],
    ["required that holds numbers", { required: [1] }, "required"],
    ["an empty enum", { enum: [] }, "enum"],
    ["a minimum in text", { minimum: "1" }, "minimum"],
    ["a negative length", { minLength: -1 }, "minLength"],
    ["half a length", { maxItems: 1.5 }, "maxItems"],
    ["a multiple of nothing", { multipleOf: 0 }, "multipleOf"],
    ["an empty union", { anyOf: [] }, "anyOf"],
    ["a union's bad branch", { anyOf: [{}, { type: "x" }] }, "anyOf[1].type"],
    ["items as a list", { items: [{}] }, "items"],
    ["a pattern that does not compile", { pattern: "(" }, "pattern"],
    ["a pattern that is a number", { pattern: 1 }, "pattern"],
    ["a pattern that runs away", { items: { pattern: "^(a+)+$" } }, "items.pattern"],
    ["a pattern that runs away through a group", { pattern: "((a*))+" }, "pattern"],
    ["a pattern that runs away through bounds", { pattern: "(a{2,})*" }, "pattern"],
    ["an endless pattern", { pattern: "a".repeat(modelLimits.patternCharsMax + 1) }, "pattern"],
    [
      "a property pattern that does not compile",
      { patternProperties: { "[": {} } },
      "patternProperties.[",
    ],
    ["a reference to nowhere", { $ref: "#/$defs/a" }, "$ref"],
    ["a reference to the outside", { $ref: "https://example.com/a.json" }, "$ref"],
    ["a reference to an anchor", { $ref: "#a" }, "$ref"],
    [
      "a reference to no schema",
      { properties: { a: { $ref: "#/required" } }, required: ["a"] },
      "properties.a.$ref",
    ],
    ["a reference to a place that is not checked", { note: { type: "x" }, $ref: "#/note" }, "$ref"],
    ["a reference with a bad escape", { $ref: "#/%E0%A4%A" }, "$ref"],
    ["a reference to itself", { $ref: "#" }, ""],
    [
      "a circle of references",
      { $defs: { a: { $ref: "#/$defs/b" }, b: { allOf: [{ $ref: "#/$defs/a" }] } } },
      "$defs.a",
    ],
    [
      "an identity inside",
      { properties: { a: { $id: "https://example.com" } } },
      "properties.a.$id",
    ],
    ["dynamic references", { $dynamicRef: "#a" }, "$dynamicRef"],
    ["too much", { enum: ["a".repeat(modelLimits.schemaBytesMax)] }, ""],
  ];
  test.each(rows)("%s", (_name, schema, path) => {
    const [fault] = checkSchema(schema);
    expect(fault?.path).toBe(path);
    expect(fault?.message).toMatch(/\w/);
  });

  test("too deep", () => {
    expect(checkSchema(nest(modelLimits.schemaDepthMax))).toEqual([]);
    expect(checkSchema(nest(modelLimits.schemaDepthMax + 1))).toHaveLength(1);
  });

  test("too many schemas, said once", () => {
    const anyOf = Array.from({ length: modelLimits.schemaNodesMax + 10 }, () => ({}));
    expect(checkSchema({ anyOf })).toEqual([
      { path: expect.any(String), message: expect.stringContaining("at most") },
    ]);
  });
});

test("an accepted schema validates any value without an exception or a hang", () => {
  const leaf = fc.constantFrom<unknown>(
    { type: "string" },
    { $ref: "#" },
    { $ref: "#/properties/a" },
    true,
    { enum: [1] },
    { type: "x" },
  );
  const { schema } = fc.letrec((tie) => ({
    schema: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.record({ properties: fc.record({ a: tie("schema") }), required: fc.constant(["a"]) }),
      fc.record({ allOf: fc.array(tie("schema"), { minLength: 1, maxLength: 2 }) }),
      fc.record({ anyOf: fc.array(tie("schema"), { minLength: 1, maxLength: 2 }) }),
      fc.record({ items: tie("schema") }),
      fc.record({ not: tie("schema") }),
    ),
  }));
  fc.assert(
    fc.property(schema, fc.jsonValue({ maxDepth: 3 }), (candidate, value) => {
      const usable =
        typeof candidate === "object" && candidate !== null && checkSchema(candidate).length === 0;
      fc.pre(usable);
      const problems = problemsOf(value, { ...candidate });
      expect(problems.join()).not.toContain("cannot be used");
      expect(simplifySchema({ ...candidate }).type).toBe("object");
    }),
    { numRuns: 300 },
  );
});

describe("the copy that a model sees", () => {
  const property = (schema: object, overrides: object = {}) => {
    const simple = simplifySchema({ type: "object", properties: { a: schema }, ...overrides });
    return Reflect.get(Object(simple.properties), "a");
  };
  const rows: [string, object, object, object][] = [
    [
      "inlines references",
      { $ref: "#/$defs/n" },
      { $defs: { n: { type: "integer", description: "N" } } },
      { type: "integer", description: "N" },
    ],
    [
      "reduces a union with null",
      { anyOf: [{ type: "string" }, { type: "null" }] },
      {},
      { type: "string", description: "May be null." },
    ],
    [
      "reduces a type that may be null",
      { type: ["integer", "null"], description: "N." },
      {},
      { type: "integer", description: "N. May be null." },
    ],
    [
      "keeps a real union",
      { oneOf: [{ type: "string" }, { type: "integer" }] },
      {},
      { anyOf: [{ type: "string" }, { type: "integer" }], description: "a" },
    ],
    [
      "turns a constant into a choice",
      { const: "x" },
      {},
      { enum: ["x"], type: "string", description: "a" },
    ],
    [
      "drops keywords that engines trip over",
      { type: "string", "x-y": 1, $comment: "c", contentEncoding: "z" },
      {},
      { type: "string", description: "a" },
    ],
    [
      "keeps choices and bounds",
      { type: "string", enum: ["x", "y"], maxLength: 3 },
      {},
      { type: "string", enum: ["x", "y"], maxLength: 3, description: "a" },
    ],
    [
      "folds allOf",
      {
        allOf: [
          {
            type: "object",
            properties: { b: { type: "string", description: "B" } },
            required: ["b"],
          },
          { required: ["c"] },
        ],
      },
      {},
      {
        type: "object",
        properties: { b: { type: "string", description: "B" } },
        required: ["b", "c"],
        description: "a",
      },
    ],
    [
      "describes lists",
      { type: "array", items: { $ref: "#/$defs/n" } },
      { $defs: { n: { type: "integer" } } },
      { type: "array", items: { type: "integer" }, description: "a" },
    ],
    [
      "keeps maps",
      { type: "object", additionalProperties: { type: "integer" } },
      {},
      { type: "object", additionalProperties: { type: "integer" }, description: "a" },
    ],
  ];
  test.each(rows)("%s", (_name, schema, overrides, expected) => {
    expect(property(schema, overrides)).toEqual(expected);
  });

  test("is an object even where the original is not", () => {
    expect(simplifySchema({})).toEqual({ type: "object", properties: {} });
  });

  test("of a tree that refers to itself ends", () => {
    const simple = simplifySchema({ properties: { child: { $ref: "#" } } });
    expect(JSON.stringify(simple).length).toBeLessThan(5_000);
  });

  test.each([
    ["read_file", "read_file"],
    ["files.read v2", "files_read_v2"],
    ["", "unnamed"],
    ["x".repeat(100), "x".repeat(modelLimits.toolNameCharsMax)],
  ])("names the tool %j as %j", (name, safe) => {
    expect(safeToolName(name)).toBe(safe);
  });
});
