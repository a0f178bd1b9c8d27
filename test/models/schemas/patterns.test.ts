import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { problemsOf } from "../../../consumer/models/repair/validate.ts";
import { Meter, OutOfWork } from "../../../consumer/models/schemas/meter.ts";
import { findMetered } from "../../../consumer/models/schemas/metered_pattern.ts";
import { Pattern } from "../../../consumer/models/schemas/pattern.ts";
import { parsePattern } from "../../../consumer/models/schemas/pattern_parser.ts";
import { checkSchema } from "../../../shared/schema/check.ts";
import { cpuMsOf } from "../../cpu_time.ts";

const enough = () => new Meter(2_000_000);
const texts = [
  "",
  "a",
  "ab",
  "aab\n",
  "Ab1-_",
  "éß\u2028x",
  "👍a",
  "a.b@c.de",
  "2026-01-31",
  " \t\u00a0",
  "x".repeat(60),
  "aXbXXc",
];

describe("a pattern gives the runtime's own answer", () => {
  test.each([
    "^a*$",
    "a|b",
    "^(?:a|b)+$",
    "[^a-c]",
    "[]",
    "[^]",
    ".",
    "^.{2,3}$",
    "\\s",
    "\\S",
    "[\\s\\d]",
    "[\\S]",
    "\\w+@\\w+\\.\\w{2,}",
    "^\\d{4}-\\d{2}-\\d{2}$",
    "\\bb",
    "\\Bb",
    "\\u{1f44d}",
    "\\ud83d\\udc4d",
    "[\\u{1f44d}a]",
    "\\p{L}",
    "[\\p{Lu}\\-]",
    "\\P{ASCII}",
    "\\x41",
    "\\cJ",
    "\\0",
    "[\\b]",
    "[a-]",
    "[\\-a]",
    "[[a]",
    "^$",
    "a{2}",
    "a{2,}?b",
    "(a)(b)?\\2",
    "(?<q>X).*\\k<q>",
    "^(?=.*[A-Z])(?=.*\\d).+$",
    "^(?!a).",
    "(?<=a)b",
    "(?<!a)b",
    "(?<=(a)\\1)b",
    "(?:(a)|b)*\\1$",
    "^(?:x{3}){20}$",
    "(?i:AB)",
    "(?s:.)",
    "(?m:^b)",
    "^\\/?$",
    "\\$|\\^",
    "^(?:(?=(a*))\\1b)",
    "(a?)*?b",
    "(?:a?)*$",
  ])("%s", (pattern) => {
    const parsed = new Pattern(pattern);
    for (const text of texts) {
      const expected = new RegExp(pattern, "u").test(text);
      expect([text, parsed.matches(text, enough())]).toEqual([text, expected]);
      expect([text, findMetered(parsePattern(pattern), text, enough())]).toEqual([text, expected]);
      expect([text, parsed.matchesLinear(text, enough()) ?? expected]).toEqual([text, expected]);
    }
  });

  test("also for generated patterns", () => {
    const atom = fc.constantFrom(
      "a",
      "b",
      ".",
      "[ab]",
      "[^a]",
      "\\w",
      "\\s",
      "$",
      "^",
      "\\b",
      "(?=a)",
      "(?!b)",
      "(?<=a)",
      "\\1",
    );
    const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
      pattern: fc.oneof(
        { maxDepth: 3 },
        atom,
        fc.tuple(tie("pattern"), tie("pattern")).map((parts) => parts.join("")),
        fc.tuple(tie("pattern"), tie("pattern")).map(([a, b]) => `(?:${a}|${b})`),
        tie("pattern").map((part) => `(${part})`),
        fc
          .tuple(tie("pattern"), fc.constantFrom("*", "+", "?", "{2}", "{1,3}", "*?", "{2,}"))
          .map(([part, times]) => `(?:${part})${times}`),
      ),
    }));
    const text = fc.string({ unit: fc.constantFrom("a", "b", " ", "\n", "é"), maxLength: 8 });
    fc.assert(
      fc.property(pattern, text, (source, value) => {
        const fullText = `(a)?${source}`;
        const expected = new RegExp(fullText, "u").test(value);
        const parsed = new Pattern(fullText);
        expect(parsed.matches(value, enough())).toBe(expected);
        expect(parsed.matchesLinear(value, enough()) ?? expected).toBe(expected);
      }),
      { numRuns: 3_000, seed: 1 },
    );
  });
});

const longText = "a".repeat(100_000);
const attacks: [name: string, schema: object, value: unknown][] = [
  ["overlapping alternatives", { pattern: "^(a|a)*$" }, `${"a".repeat(40)}!`],
  ["overlapping alternatives on a long text", { pattern: "^(a|a)*$" }, `${longText}!`],
  ["four stars", { pattern: "a*a*a*a*b" }, "a".repeat(300)],
  ["four stars on a long text", { pattern: "a*a*a*a*b" }, longText],
  ["six dots", { pattern: "(.*)(.*)(.*)(.*)(.*)(.*)x$" }, "y".repeat(5_000)],
  ["dots before a sign", { pattern: "^.*.*.*.*.*.*.*=$" }, "y".repeat(5_000)],
  ["white space", { pattern: "\\s*\\s*\\s*\\s*\\s*$x" }, " ".repeat(5_000)],
  ["large bounds", { pattern: "^(?:a{0,1000}){0,1000}b" }, longText],
  ["a look-ahead", { pattern: "^(?=(a|a)*$)a" }, `${"a".repeat(40)}!`],
  ["a back-reference", { pattern: "^(a*)(a*)(a*)\\1b" }, "a".repeat(3_000)],
  ["a 4 MB text", { pattern: "^[a-z]+-\\d$" }, "a".repeat(4_000_000)],
  ["the format url", { format: "url" }, `http://${"a".repeat(50)}!`],
  ["the format uri on 4 MB", { format: "uri" }, `a:${"a".repeat(4_000_000)} `],
  ["the format email", { format: "email" }, `${"a".repeat(1_000_000)}@`],
  ["property patterns", { patternProperties: { "(a|a)*$": false } }, { [`${"a".repeat(40)}!`]: 1 }],
  ["a list of numbers", { items: { type: "string" } }, Array.from({ length: 1_000_000 }, () => 1)],
  [
    "long choices for many items",
    { items: { enum: ["x".repeat(90_000)] } },
    Array.from({ length: 100_000 }, () => 1),
  ],
  ["unique items", { uniqueItems: true }, Array.from({ length: 300_000 }, (_, n) => n)],
  ["unique objects", { uniqueItems: true }, Array.from({ length: 100_000 }, (_, n) => ({ n }))],
  [
    "many required names",
    { items: { required: Array.from({ length: 9_000 }, (_, n) => `n${n}`) } },
    Array.from({ length: 50_000 }, () => ({})),
  ],
];

describe("a hostile schema or value costs at most 250 ms", () => {
  test.each(attacks)("%s", (_name, schema, value) => {
    expect(checkSchema(schema)).toEqual([]);
    expect(cpuMsOf(() => problemsOf(value, { ...schema }))).toBeLessThan(250);
  });

  test("references that double at each level", () => {
    const levels = 30;
    const $defs: Record<string, object> = { [`a${levels}`]: { type: "string" } };
    for (let n = 0; n < levels; n += 1) {
      const $ref = `#/$defs/a${n + 1}`;
      $defs[`a${n}`] = { allOf: [{ $ref }, { $ref }] };
    }
    const schema = { $defs, $ref: "#/$defs/a0" };
    expect(checkSchema(schema)).toEqual([]);
    expect(problemsOf("x", schema)).toEqual([expect.stringContaining("takes too long")]);
    expect(cpuMsOf(() => problemsOf("x", schema))).toBeLessThan(250);
  });
});

test("a pattern that runs away in the runtime still gives its answer", () => {
  const pattern = new Pattern("^(a|a)*$");
  expect(pattern.matches("a".repeat(5_000), enough())).toBe(true);
  expect(pattern.matches(`${"a".repeat(5_000)}!`, enough())).toBe(false);
});

test("a pattern with look-around that takes too long ends with OutOfWork", () => {
  const pattern = new Pattern("^(?=(a|a)*$)a");
  expect(() => pattern.matches(`${"a".repeat(40)}!`, enough())).toThrow(OutOfWork);
});
