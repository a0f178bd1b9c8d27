import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { describeSyntaxError, parseJson } from "../../../producer/http/json_text.ts";
import { findLossyNumber } from "../../../shared/text/json_numbers.ts";
import { jsonShape } from "../../../shared/text/json_shape.ts";

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

/** JSON with one character replaced, removed or added: mostly invalid. */
const nearlyJson = fc
  .tuple(
    fc.json({ maxDepth: 3 }),
    fc.nat(),
    fc.constantFrom("", ",", "}", "]", '"', "x", "1", "\\", "\n"),
  )
  .map(([text, at, char]) => {
    const place = at % (text.length + 1);
    return text.slice(0, place) + char + text.slice(place + (at % 2));
  });

describe("the position of a JSON syntax error", () => {
  it("exactly the texts that JSON.parse rejects, or whose numbers it would change, are rejected", () => {
    fc.assert(
      fc.property(nearlyJson, (text) => {
        const isExact = isJson(text) && findLossyNumber(text) === null;
        expect(parseJson(text, 64).ok).toBe(isExact);
        expect(describeSyntaxError(text).includes("expected JSON, found")).toBe(isJson(text));
      }),
      { numRuns: 500 },
    );
  });

  it("the error position of a truncated text is at most its end", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 3 }), fc.nat(), (text, cut) => {
        const prefix = text.slice(0, cut % text.length);
        if (isJson(prefix)) return;
        const position = Number(/position (\d+)/.exec(describeSyntaxError(prefix))?.[1]);
        expect(position).toBeLessThanOrEqual(prefix.length);
      }),
    );
  });
});

describe("the nesting depth", () => {
  it.each([
    ["{", 1],
    ['"[[["', 0],
    ['["\\"[", []]', 2],
    ["[{},[[]]]", 3],
  ])("the nesting depth of %s is %i", (text, depth) => {
    expect(jsonShape(text).depth).toBe(depth);
  });
});
