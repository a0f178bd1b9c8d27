import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  printable,
  printableJson,
  printableLine,
} from "../../../../producer/cli/output/printable.ts";

const cases: [name: string, hostile: string, printed: string][] = [
  ["a colour", "\u001b[31mred\u001b[0m", "red"],
  ["a cleared screen", "before\u001b[2J\u001b[Hafter", "beforeafter"],
  ["a window title", "\u001b]0;owned\u0007text", "text"],
  ["a hyperlink", "\u001b]8;;https://evil.example\u001b\\click\u001b]8;;\u001b\\", "click"],
  ["a C1 control sequence", "\u009b31mred", "red"],
  ["a carriage return that overwrites", "failed\rsucceeded", "failedsucceeded"],
  ["a backspace", "ab\u0008c", "abc"],
  ["reversed text", "abc\u202egpj.exe", "abcgpj.exe"],
  ["a directional isolate", "\u2066x\u2069", "x"],
  ["a zero-width space", "pay\u200bpal", "paypal"],
  ["an invisible tag", "a\u{e0041}b", "ab"],
  ["text with newlines and tabs, which stay,", "a\n\tb", "a\n\tb"],
  ["text in other scripts, which stays,", "Malmö 東京 العربية 🚀", "Malmö 東京 العربية 🚀"],
];

describe("text of agents cannot control the terminal", () => {
  test.each(cases)("%s is handled", (_, hostile, printed) => {
    expect(printable(hostile)).toBe(printed);
  });

  test("printed text has no control character except tab and newline", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const codes = [...printable(text)].map((character) => character.codePointAt(0) ?? 0);
        return codes.every(
          (code) => code === 9 || code === 10 || (code >= 32 && !(code >= 127 && code < 160)),
        );
      }),
    );
  });

  test("one line has no newline and at most the given width", () => {
    expect(printableLine("a\nb\n\nc", 10)).toBe("a b c");
    expect(printableLine("0123456789x", 10)).toBe("012345678…");
    expect(printableLine("🚀🚀🚀", 2)).toBe("🚀…");
  });

  test("printed JSON equals the value and has no raw control character or mark", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ unit: "binary" }), (value, text) => {
        const json = printableJson({ value, text });
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify({ value, text })));
        expect(json).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }),
    );
  });
});
