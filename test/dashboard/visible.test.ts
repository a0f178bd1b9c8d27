import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutText, makeVisible, visibleLine } from "../../producer/dashboard/app/text/visible.ts";

describe("untrusted text is shown with visible marks", () => {
  it.each([
    ["text of several lines", "a\tb\nc", "a\tb\nc"],
    ["markup", "<b onclick=x>&amp;</b>", "<b onclick=x>&amp;</b>"],
    ["a right-to-left override", "user\u202etxt.exe", "user\u27e8U+202E\u27e9txt.exe"],
    ["bidirectional isolates", "\u2066a\u2069", "\u27e8U+2066\u27e9a\u27e8U+2069\u27e9"],
    ["a zero width space", "a\u200bb", "a\u27e8U+200B\u27e9b"],
    ["terminal colours", "\u001b[31;1mred\u001b[0m", "\u241bred\u241b"],
    ["a terminal title", "\u001b]0;owned\u0007ok", "\u241bok"],
    ["a terminal link", "\u001b]8;;https://x\u001b\\here", "\u241bhere"],
    ["a single escape character", "\u001b", "\u241b"],
    ["a bell and a null character", "\u0007\u0000", "\u2407\u2400"],
    ["Windows line breaks", "a\r\nb\rc", "a\nb\u240dc"],
    ["a line separator", "a\u2028b", "a\u27e8U+2028\u27e9b"],
    ["half of a surrogate pair", "a\ud83d", "a\u27e8U+D83D\u27e9"],
    ["tag characters", "\u{e0041}", "\u27e8U+E0041\u27e9"],
    ["a long run of accents", `a${"\u0301".repeat(200)}b`, `a${"\u0301".repeat(4)}\u2026b`],
  ])("%s", (_name, text, visibleText) => {
    expect(makeVisible(text)).toBe(visibleText);
  });

  it("shown text contains no control, format or separator character", () => {
    const units = fc.oneof(
      fc.string({ unit: "binary", maxLength: 12 }),
      fc.constantFrom("\u001b[", "\u001b]", "\u202e", "\u0007", "\ud800", "\r", "m"),
    );
    fc.assert(
      fc.property(fc.array(units, { maxLength: 12 }), (parts) => {
        const text = makeVisible(parts.join(""));
        expect(text).not.toMatch(/[[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]--[\t\n]]/v);
        expect(makeVisible(text)).toBe(text);
      }),
    );
  });
});

describe("a long text", () => {
  it("is cut at the limit, and the hidden characters are counted", () => {
    expect(cutText("abcdef", 4, 100)).toEqual({ text: "abcd", charsHidden: 2 });
    expect(cutText("abc", 4, 100)).toEqual({ text: "abc", charsHidden: 0 });
  });

  it("is cut within a line that is too long to lay out", () => {
    const { text: shown, charsHidden } = cutText(
      `${"x".repeat(1_000_000)}\nshort`,
      2_000_000,
      2_000,
    );
    expect(shown).toBe(`${"x".repeat(2_000)}\u2026\nshort`);
    expect(charsHidden).toBe(998_000);
  });

  it("is never cut within a surrogate pair", () => {
    expect(cutText("a\u{1f600}", 2, 100).text).toBe("a\ufffd");
  });

  it("is cut to one line for a table", () => {
    expect(visibleLine(" a\n\n b\u202e ", 100)).toBe("a b\u27e8U+202E\u27e9");
    expect(visibleLine("abcdef", 4)).toBe("abc\u2026");
  });
});
