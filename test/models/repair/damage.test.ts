import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { repairCall } from "../../../consumer/models/repair/repair.ts";
import { python } from "../calls/render/renderer.ts";
import { offer } from "../request.ts";

const tool = offer(
  "save",
  {
    text: { type: "string" },
    count: { type: "integer" },
    tags: { type: "array", items: { type: "string" } },
    deep: {
      type: "object",
      properties: { n: { type: "number" }, on: { type: "boolean" } },
      additionalProperties: false,
    },
  },
  { effect: "idempotent" },
);
const context = { tools: [tool], cut: false, leaked: false };

interface Saved {
  text: string;
  count?: number;
  tags?: string[];
  deep?: { n?: number; on?: boolean };
}

const saved: fc.Arbitrary<Saved> = fc.record(
  {
    text: fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 30 }),
      fc.constantFrom(
        "\\d+\\s",
        "C:\\temp\\new",
        "it's",
        "a\nb",
        '{"a":',
        "function f() { }",
        "```",
      ),
    ),
    count: fc.integer(),
    tags: fc.array(fc.string({ unit: "grapheme", maxLength: 8 }), { maxLength: 3 }),
    deep: fc.record(
      { n: fc.integer(), on: fc.boolean() },
      { requiredKeys: [], noNullPrototype: true },
    ),
  },
  { requiredKeys: ["text"], noNullPrototype: true },
);

const json = (value: unknown) => JSON.stringify(value);

/** A damage that leaves one reading comes back whole. */
const repairableDamages: [string, (value: Saved) => string][] = [
  ["a fence around", (value) => `\`\`\`json\n${json(value)}\n\`\`\``],
  ["a closing tag behind", (value) => `${json(value)}\n</tool_call>`],
  ["double braces", (value) => `{${json(value)}}`],
  ["encoded twice", (value) => json(json(value))],
  [
    "lists and objects in text",
    (value) =>
      json({
        ...value,
        ...(value.tags && { tags: json(value.tags) }),
        ...(value.deep && { deep: json(value.deep) }),
      }),
  ],
  [
    "numbers in text",
    (value) => json({ ...value, ...(value.count !== undefined && { count: String(value.count) }) }),
  ],
  [
    "null for what was left out",
    (value) => json({ count: null, tags: null, deep: null, ...value }),
  ],
  [
    "raw line breaks",
    (value) => json(value).replace(/\\./g, (pair) => (pair === "\\n" ? "\n" : pair)),
  ],
  ["Python's words and keys", (value) => python(value)],
  ["a comma too many", (value) => json(value).replace(/\}$/, ",}")],
];

describe("arguments come back whole from", () => {
  test.each(repairableDamages)("%s", (_name, damage) => {
    fc.assert(
      fc.property(saved, (value) => {
        const repaired = repairCall({ name: "save", arguments: damage(value) }, context);
        expect(repaired.problem).toBeNull();
        expect(repaired.arguments).toEqual(value);
      }),
      { numRuns: 100 },
    );
  });
});

test("arguments cut anywhere are never taken for whole", () => {
  fc.assert(
    fc.property(saved, fc.nat(), (value, position) => {
      const completeJson = json(value);
      const cut = completeJson.slice(0, 1 + (position % (completeJson.length - 1)));
      expect(repairCall({ name: "save", arguments: cut }, context).problem).not.toBeNull();
    }),
    { numRuns: 1_000 },
  );
});

test("a tool with effects gets exactly what was sent, or nothing", () => {
  const strict = { ...context, tools: [{ ...tool, effect: "effect" as const }] };
  fc.assert(
    fc.property(
      saved,
      fc.constantFrom(...repairableDamages.map(([, damage]) => damage)),
      (value, damage) => {
        const sent = damage(value);
        const repaired = repairCall({ name: "save", arguments: sent }, strict);
        if (repaired.problem === null) expect(repaired.arguments).toEqual(JSON.parse(sent));
      },
    ),
    { numRuns: 300 },
  );
});
