import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutText, oneLine, visible } from "../../producer/dashboard/app/visible.ts";

describe("what strangers wrote is shown as what it is", () => {
  it.each([
    ["text of several lines", "a\tb\nc", "a\tb\nc"],
    ["markup", "<b onclick=x>&amp;</b>", "<b onclick=x>&amp;</b>"],
    ["a right-to-left override", "user\u202etxt.exe", "user\u27e8U+202E\u27e9txt.exe"],
    ["an isolate", "\u2066a\u2069", "\u27e8U+2066\u27e9a\u27e8U+2069\u27e9"],
    ["a zero width space", "a\u200bb", "a\u27e8U+200B\u27e9b"],
    ["colours of a terminal", "\u001b[31;1mred\u001b[0m", "\u241bred\u241b"],
    ["a title of a terminal", "\u001b]0;owned\u0007ok", "\u241bok"],
    ["a link of a terminal", "\u001b]8;;https://x\u001b\\here", "\u241bhere"],
    ["an escape by itself", "\u001b", "\u241b"],
    ["a bell and a null", "\u0007\u0000", "\u2407\u2400"],
    ["Windows line breaks", "a\r\nb\rc", "a\nb\u240dc"],
    ["a line separator", "a\u2028b", "a\u27e8U+2028\u27e9b"],
    ["half a pair", "a\ud83d", "a\u27e8U+D83D\u27e9"],
    ["tags without a picture", "\u{e0041}", "\u27e8U+E0041\u27e9"],
    ["a pile of accents", `a${"\u0301".repeat(200)}b`, `a${"\u0301".repeat(4)}\u2026b`],
  ])("%s", (_what, text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  it("no text that was shown holds anything that drives a reader's eye or terminal", () => {
    const units = fc.oneof(
      fc.string({ unit: "binary", maxLength: 12 }),
      fc.constantFrom("\u001b[", "\u001b]", "\u202e", "\u0007", "\ud800", "\r", "m"),
    );
    fc.assert(
      fc.property(fc.array(units, { maxLength: 12 }), (parts) => {
        const shown = visible(parts.join(""));
        expect(shown).not.toMatch(/[[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]--[\t\n]]/v);
        expect(visible(shown)).toBe(shown);
      }),
    );
  });
});

describe("a long text is cut", () => {
  it("after so many characters, and says how many are left", () => {
    expect(cutText("abcdef", 4, 100)).toEqual({ shown: "abcd", left: 2 });
    expect(cutText("abc", 4, 100)).toEqual({ shown: "abc", left: 0 });
  });

  it("within a line that a screen could not lay out", () => {
    const { shown, left } = cutText(`${"x".repeat(1_000_000)}\nshort`, 2_000_000, 2_000);
    expect(shown).toBe(`${"x".repeat(2_000)}\u2026\nshort`);
    expect(left).toBe(998_000);
  });

  it("never through a character of two units", () => {
    expect(cutText("a\u{1f600}", 2, 100).shown).toBe("a\ufffd");
  });

  it("to one line for a table", () => {
    expect(oneLine(" a\n\n b\u202e ", 100)).toBe("a b\u27e8U+202E\u27e9");
    expect(oneLine("abcdef", 4)).toBe("abc\u2026");
  });
});
