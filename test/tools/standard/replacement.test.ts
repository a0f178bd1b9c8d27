import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { replaceOnce } from "../../../consumer/tools/standard/replacement.ts";

describe("one place, replaced literally", () => {
  test.each([
    ["the exact piece", "a\nb\nc\n", "b", "B", "a\nB\nc\n", 2],
    ["a piece of a line", "let x = 1;\n", "x = 1", "x = 2", "let x = 2;\n", 1],
    ["several lines", "a\nb\nc\n", "a\nb", "z", "z\nc\n", 1],
    ["by nothing, which deletes it", "a\nb\nc\n", "b\n", "", "a\nc\n", 2],
    ["patterns of a replacement", "price: X", "X", "$& $1 $$ $` $'", "price: $& $1 $$ $` $'", 1],
    ["patterns of an expression", "a.*b (c)", ".*b (c)", "[d]", "a[d]", 1],
    [
      "a file with CRLF, asked for with LF",
      "a\r\nb\r\nc\r\n",
      "a\nb",
      "x\ny",
      "x\r\ny\r\nc\r\n",
      1,
    ],
    ["a file with LF, asked for with CRLF", "a\nb\n", "a\r\nb", "x\r\ny", "x\ny\n", 1],
    ["a file with CRLF, asked for with CRLF", "a\r\nb\r\n", "a\r\n", "x\r\n", "x\r\nb\r\n", 1],
    ["behind a byte order mark", "\ufeffa\nb\n", "a", "x", "\ufeffx\nb\n", 1],
    ["beside characters of two units", "👍a👍", "a", "b", "👍b👍", 1],
  ])("%s", (_name, text, old, by, expected, line) => {
    expect(replaceOnce(text, old, by)).toEqual({ ok: true, text: expected, line, exact: true });
  });

  test("any text takes the place of a piece that stands once", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme" }),
        fc.string({ unit: "grapheme" }),
        (around, by) => {
          const text = `${around}<once>${around}`;
          const made = replaceOnce(text, "<once>", by);
          if (around.includes("<once>") || by === "<once>") return;
          expect(made.ok && made.text.replaceAll("\r\n", "\n")).toBe(
            `${around}${by}${around}`.replaceAll("\r\n", "\n"),
          );
        },
      ),
    );
  });
});

describe("the same words with other whitespace", () => {
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
  ])("%s", (_name, text, old, by, expected) => {
    expect(replaceOnce(text, old, by)).toMatchObject({ ok: true, text: expected, exact: false });
  });

  test("a line break is no space", () => {
    expect(replaceOnce("a\nb", "a b", "c").ok).toBe(false);
  });
});

describe("refused, and nothing is guessed", () => {
  test.each([
    ["two places", "a\nb\na\n", "a", /2 times \(at lines 1, 3\)/],
    ["places that overlap", "aaa", "aa", /2 times \(at lines 1, 1\)/],
    ["many places", "a\n".repeat(40), "a", /40 times \(at lines 1, 2, 3, 4, 5, …\)/],
    ["two places with other whitespace", "x  = 1\nx   = 1\n", "x = 1", /2 times \(at lines 1, 2\)/],
    ["no place", "a\nb\n", "c", /not in the file/],
    ["nothing to replace", "a", "", /empty/],
    ["only spaces that are not there", "ab", "   ", /not in the file/],
  ])("%s", (_name, text, old, message) => {
    const made = replaceOnce(text, old, "new");
    expect(made.ok ? made.text : made.message).toMatch(message);
    expect(made.ok).toBe(false);
  });

  test("an exact place counts more than one with other whitespace", () => {
    expect(replaceOnce("a b\na  b\n", "a b", "c")).toMatchObject({ ok: true, text: "c\na  b\n" });
  });

  test("a change that changes nothing", () => {
    expect(replaceOnce("a", "a", "a")).toMatchObject({ ok: false });
  });
});
