import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { replaceOnce } from "../../../consumer/tools/standard/replacement.ts";
import { ok } from "../../../shared/result.ts";
import { cpuMsOf } from "../../cpu_time.ts";

describe("one exact match is replaced literally", () => {
  test.each([
    ["a whole line", "a\nb\nc\n", "b", "B", "a\nB\nc\n", 2],
    ["a part of a line", "let x = 1;\n", "x = 1", "x = 2", "let x = 2;\n", 1],
    ["several lines", "a\nb\nc\n", "a\nb", "z", "z\nc\n", 1],
    ["by an empty text, which deletes it", "a\nb\nc\n", "b\n", "", "a\nc\n", 2],
    [
      "by a text with replacement patterns",
      "price: X",
      "X",
      "$& $1 $$ $` $'",
      "price: $& $1 $$ $` $'",
      1,
    ],
    ["with the characters of an expression", "a.*b (c)", ".*b (c)", "[d]", "a[d]", 1],
    ["LF in `old`, CRLF in the file", "a\r\nb\r\nc\r\n", "a\nb", "x\ny", "x\r\ny\r\nc\r\n", 1],
    ["CRLF in `old`, LF in the file", "a\nb\n", "a\r\nb", "x\r\ny", "x\ny\n", 1],
    ["CRLF in both", "a\r\nb\r\n", "a\r\n", "x\r\n", "x\r\nb\r\n", 1],
    ["after a byte order mark", "\ufeffa\nb\n", "a", "x", "\ufeffx\nb\n", 1],
    ["next to surrogate pairs", "👍a👍", "a", "b", "👍b👍", 1],
  ])("%s", (_name, text, old, newText, expected, line) => {
    expect(replaceOnce(text, old, newText)).toEqual(ok({ text: expected, line, exact: true }));
  });

  test("any text replaces a piece that occurs once", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme" }),
        fc.string({ unit: "grapheme" }),
        (surroundings, newText) => {
          const text = `${surroundings}<once>${surroundings}`;
          const replaced = replaceOnce(text, "<once>", newText);
          if (surroundings.includes("<once>") || newText === "<once>") return;
          expect(replaced.ok && replaced.value.text.replaceAll("\r\n", "\n")).toBe(
            `${surroundings}${newText}${surroundings}`.replaceAll("\r\n", "\n"),
          );
        },
      ),
    );
  });
});

describe("one match with different white space is replaced", () => {
  test.each([
    [
      "another indentation",
      "if (a) {\n\t\tb();\n\t}\n",
      "  b();\n",
      "c();\n",
      "if (a) {\n\t\tc();\n\t}\n",
    ],
    [
      "several lines, moved to the file's indentation",
      "class A {\n    f() {\n        return 1;\n    }\n}\n",
      "f() {\n    return 1;\n}",
      "f() {\n    return 2;\n}",
      "class A {\n    f() {\n        return 2;\n    }\n}\n",
    ],
    ["spaces at the ends of lines", "a  \nb \nc\n", "a\nb\nc", "x\ny", "x\ny\n"],
    ["tabs for spaces", "a\tb\tc\n", "a b c", "a-b-c", "a-b-c\n"],
    ["blank lines between", "a\n\n\nb\n", "a\nb", "c", "c\n"],
    ["lines with CRLF", "  a  \r\n  b\r\nend\r\n", "a\nb", "x\ny", "  x\r\n  y\r\nend\r\n"],
  ])("%s", (_name, text, old, newText, expected) => {
    expect(replaceOnce(text, old, newText)).toMatchObject(ok({ text: expected, exact: false }));
  });

  test("unless a line break differs from a space", () => {
    expect(replaceOnce("a\nb", "a b", "c").ok).toBe(false);
  });
});

describe("an ambiguous or missing piece is rejected", () => {
  test.each([
    ["two matches", "a\nb\na\n", "a", /2 times in the file \(at lines 1, 3\)/],
    ["overlapping matches", "aaa", "aa", /2 times in the file \(at lines 1, 1\)/],
    ["many matches", "a\n".repeat(40), "a", /40 times in the file \(at lines 1, 2, 3, 4, 5, …\)/],
    [
      "two matches with different white space",
      "x  = 1\nx   = 1\n",
      "x = 1",
      /2 times in the file \(at lines 1, 2\)/,
    ],
    ["no match", "a\nb\n", "c", /not in the file/],
    ["an empty piece", "a", "", /empty/],
    ["only spaces, which the text does not have", "ab", "   ", /not in the file/],
  ])("%s", (_name, text, old, message) => {
    const replaced = replaceOnce(text, old, "new");
    expect(replaced.ok ? replaced.value.text : replaced.error).toMatch(message);
    expect(replaced.ok).toBe(false);
  });

  test("unless one match is exact", () => {
    expect(replaceOnce("a b\na  b\n", "a b", "c")).toMatchObject(ok({ text: "c\na  b\n" }));
  });

  test("and so is an edit without a change", () => {
    expect(replaceOnce("a", "a", "a")).toMatchObject({ ok: false });
  });
});

describe("an edit costs time linear in the file and the piece", () => {
  const budgetMs = 250;
  const longText = "a".repeat(3_000_000);
  test.each([
    ["a long piece of one letter", longText, "a".repeat(100_000)],
    ["a long piece that almost matches", longText, `${"a".repeat(99_999)}b`],
    ["a long piece that almost matches from its start", longText, `b${"a".repeat(99_999)}`],
    ["a long indentation", `${" ".repeat(2_000_000)}x\nfoo  bar`, "foo bar"],
    ["a file of spaces", " ".repeat(3_000_000), "a b"],
    ["a large file without the piece", "word  word\r\n".repeat(600_000), "x y"],
  ])("%s", (_name, text, old) => {
    expect(cpuMsOf(() => replaceOnce(text, old, "new"))).toBeLessThan(budgetMs);
  });

  test("and a text that would grow over the size of a file is rejected", () => {
    const text = `${"x\n".repeat(3)}${" ".repeat(4_000_000)}foo  bar`;
    expect(replaceOnce(text, "foo bar", "y\n".repeat(100_000))).toMatchObject({ ok: false });
  });
});

test("the number of matches, including overlapping ones, is exact", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 60 });
  const pieces = fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(letters, pieces, (text, old) => {
      const starts = [...text].filter((_, index) => text.startsWith(old, index)).length;
      const replaced = replaceOnce(text, old, "new");
      expect(replaced.ok).toBe(starts === 1);
      if (!replaced.ok && starts > 1) expect(replaced.error).toContain(`occurs ${starts} times`);
    }),
  );
});
