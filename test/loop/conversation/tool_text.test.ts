import fc from "fast-check";
import { expect, test } from "vitest";
import { capped } from "../../../consumer/loop/conversation/tool_text.ts";

const marker = (left: number): string => `\n[${left} characters left out; read on]\n`;

test.each([
  ["short text", "abc", 10, "abc"],
  ["text as long as the cap", "abcdefghij", 10, "abcdefghij"],
  ["one character more", "abcdefghijk", 10, `abcdefg${marker(1)}ijk`],
  ["a lone surrogate, which no endpoint takes", "a\ud800b", 10, "a\ufffdb"],
])("%s", (_, text, max, shown) => {
  expect(capped(text, max, "read on")).toBe(shown);
});

test("what is cut keeps its head and tail, and grows by no more than the note", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme", maxLength: 400 }),
      fc.integer({ min: 10, max: 200 }),
      (text, max) => {
        const shown = capped(text, max, "read on");
        expect(shown.isWellFormed()).toBe(true);
        if (text.length <= max) {
          expect(shown).toBe(text);
          return;
        }
        expect(shown.length).toBeLessThanOrEqual(max + marker(text.length - max).length);
        expect(shown).toContain(marker(text.length - max));
        // A pair of surrogates at the cut may fall to it; everything before and after stands.
        const head = Math.floor(max * 0.7) - 1;
        expect(shown.startsWith(text.slice(0, head).replace(/[\ud800-\udbff]$/, ""))).toBe(true);
        const tail = text.slice(-(max - head - 2)).replace(/^[\udc00-\udfff]/, "");
        expect(shown.endsWith(tail)).toBe(true);
      },
    ),
  );
});

test("a character of two units is not torn at the cut, so nothing stands for its half", () => {
  fc.assert(
    fc.property(fc.integer({ min: 10, max: 60 }), fc.integer({ min: 0, max: 3 }), (max, before) => {
      const shown = capped(`${"x".repeat(before)}${"😀".repeat(60)}`, max, "");
      expect(shown).not.toContain("\ufffd");
    }),
  );
});
