import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseJson } from "../../producer/http/json_text.ts";
import { findLossyNumber, isLossless, quoteLossyNumbers } from "../../shared/text/json_numbers.ts";
import { findIllFormed, toWellFormed } from "../../shared/text/well_formed.ts";

describe("a number that would lose digits is found with its path", () => {
  test.each([
    ['{"order": 9007199254740995}', "order", "9007199254740995"],
    ['{"row": {"ids": [7203685477580123457, 5]}}', "row.ids[0]", "7203685477580123457"],
    ['{"order": -9007199254740995}', "order", "-9007199254740995"],
    ['{"depth": 1e420}', "depth", "1e420"],
    ['{"price": 0.12345678901234567891}', "price", "0.12345678901234567891"],
    ['[{"a": "1"}, {"b": 9223372036854775807}]', "[1].b", "9223372036854775807"],
  ])("%s", (text, path, source) => {
    expect(findLossyNumber(text)).toEqual({ path, source });
    expect(quoteLossyNumbers(text)).toBe(text.replace(source, `"${source}"`));
    const parsed = parseJson(text, 10);
    expect(parsed).toMatchObject({
      ok: false,
      error: {
        kind: "refused",
        details: [{ path, message: expect.stringContaining("write it as a string") }],
      },
    });
  });
});

describe("a number that keeps its digits passes", () => {
  test.each([
    '{"order": 9007199254740991}',
    '{"w": 1.50, "x": 1e3}',
    '{"n": 0.30000000000000004, "zero": -0.0}',
    '{"text": "9007199254740995 and \\"9007199254740995", "n": 1}',
    '{"a": 100000000000000000000, "b": 1e300, "c": 5e-324}',
  ])("%s", (text) => {
    expect(findLossyNumber(text)).toBeNull();
    expect(quoteLossyNumbers(text)).toBe(text);
    expect(parseJson(text, 10).ok).toBe(true);
  });
});

test("every double survives its own spelling, and quoting changes no other value", () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(isLossless(String(value))).toBe(true);
    }),
  );
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value);
      expect(quoteLossyNumbers(text)).toBe(text);
    }),
  );
});

describe("half of a surrogate pair", () => {
  test.each([
    ['{"custom_id": "tern\\ud800"}', "custom_id"],
    ['{"labels": {"crew": "\\udc01"}}', "labels.crew"],
    ['{"a": ["ok", "\\ud83d"]}', "a[1]"],
  ])("is rejected in %s", (text, path) => {
    expect(parseJson(text, 10)).toMatchObject({ error: { kind: "refused", details: [{ path }] } });
  });

  test("is not reported if the pair is complete", () => {
    expect(parseJson('{"a": "\\ud83d\\ude00 😀"}', 10).ok).toBe(true);
  });

  test("is replaced in text that a model made, in keys as well", () => {
    const wellFormed = toWellFormed({ "k\ud800": ["wave \ud83d", 1, null] });
    expect(wellFormed).toEqual({ "k\ufffd": ["wave \ufffd", 1, null] });
    expect(findIllFormed(wellFormed)).toBeNull();
  });
});
