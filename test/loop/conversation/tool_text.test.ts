import fc from "fast-check";
import { expect, test } from "vitest";
import { cutMiddle } from "../../../consumer/loop/conversation/tool_text.ts";

const marker = (omitted: number): string => `\n[${omitted} characters left out; read on]\n`;

test.each([
  ["a short text stays", "abc", 10, "abc"],
  ["a text as long as the limit stays", "abcdefghij", 10, "abcdefghij"],
  ["a text with one character more is cut", "abcdefghijk", 10, `abcdefg${marker(1)}ijk`],
  ["a lone surrogate is replaced", "a\ud800b", 10, "a\ufffdb"],
])("a text for the model: %s", (_, text, max, expected) => {
  expect(cutMiddle(text, max, "read on")).toBe(expected);
});

test("a cut text keeps its head and tail, and grows by at most the note", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme", maxLength: 400 }),
      fc.integer({ min: 10, max: 200 }),
      (text, max) => {
        const cutText = cutMiddle(text, max, "read on");
        expect(cutText.isWellFormed()).toBe(true);
        if (text.length <= max) {
          expect(cutText).toBe(text);
          return;
        }
        expect(cutText.length).toBeLessThanOrEqual(max + marker(text.length - max).length);
        expect(cutText).toContain(marker(text.length - max));
        // Only half of a surrogate pair at the cut may be lost.
        const head = Math.floor(max * 0.7) - 1;
        expect(cutText.startsWith(text.slice(0, head).replace(/[\ud800-\udbff]$/, ""))).toBe(true);
        const tail = text.slice(-(max - head - 2)).replace(/^[\udc00-\udfff]/, "");
        expect(cutText.endsWith(tail)).toBe(true);
      },
    ),
  );
});

test("a cut never splits a surrogate pair", () => {
  fc.assert(
    fc.property(fc.integer({ min: 10, max: 60 }), fc.integer({ min: 0, max: 3 }), (max, before) => {
      const text = cutMiddle(`${"x".repeat(before)}${"😀".repeat(60)}`, max, "");
      expect(text).not.toContain("\ufffd");
    }),
  );
});
