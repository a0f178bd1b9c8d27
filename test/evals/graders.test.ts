import { describe, expect, it } from "vitest";
import { gradeOutput } from "../../producer/evals/graders/grade.ts";
import type { PureGrader } from "../../producer/evals/graders/grader.ts";

const row = {
  label: "refund",
  text: "  The Answer: “Forty-two”. ",
  price: "12.50",
  count: 3,
  tags: "red| Blue",
  list: ["red", "blue"],
  part: '{"a": {"b": [1, 2]}}',
  long: "ＡＢＣ",
};

const table: [what: string, grader: PureGrader, output: unknown, score: number][] = [
  ["an equal text", { kind: "exact", output: "/label", expect: "label" }, { label: "refund" }, 1],
  ["another case", { kind: "exact", output: "/label", expect: "label" }, { label: "Refund" }, 0],
  [
    "a number whose text is expected",
    { kind: "exact", output: "/n", expect: "price" },
    { n: 12.5 },
    0,
  ],
  ["an equal number", { kind: "exact", output: "/n", expect: "count" }, { n: 3 }, 1],
  ["a missing place", { kind: "exact", output: "/other", expect: "label" }, { label: "refund" }, 0],
  ["a missing field of the row", { kind: "exact", output: "", expect: "toString" }, "x", 0],
  ["an inherited place", { kind: "exact", output: "/toString", expect: "label" }, {}, 0],
  [
    "text in other case, spacing and punctuation",
    { kind: "text", output: "/text", expect: "text" },
    { text: "the answer:  “forty-two" },
    1,
  ],
  ["other words", { kind: "text", output: "", expect: "text" }, "forty-two", 0],
  ["wide letters", { kind: "text", output: "", expect: "long" }, "abc", 1],
  ["punctuation only", { kind: "text", output: "", expect: "label" }, "!!", 0],
  ["a number as text", { kind: "number", output: "/p", expect: "price" }, { p: "12.5" }, 1],
  ["a number within its tolerance", { kind: "number", expect: "price", tolerance: 0.1 }, 12.6, 1],
  ["a number outside its tolerance", { kind: "number", expect: "price", tolerance: 0.1 }, 12.61, 0],
  [
    "a number within 1 %",
    { kind: "number", expect: "price", tolerance: 0.01, relative: true },
    12.62,
    1,
  ],
  ["no number", { kind: "number", expect: "price", tolerance: 100 }, "", 0],
  ["no number at all", { kind: "number", expect: "price", tolerance: 100 }, null, 0],
  [
    "a set in another order",
    { kind: "set", output: "/t", expect: "tags" },
    { t: ["blue", "red"] },
    1,
  ],
  ["a set as text", { kind: "set", expect: "list" }, "RED, blue", 1],
  ["half a set", { kind: "set", expect: "list" }, ["red"], 2 / 3],
  ["a set with one too many", { kind: "set", expect: "list" }, ["red", "blue", "green"], 0.8],
  [
    "an object with the expected part",
    { kind: "json", expect: "part" },
    { a: { b: [1, 2], c: 3 } },
    1,
  ],
  ["an object with a shorter list", { kind: "json", expect: "part" }, { a: { b: [1] } }, 0],
  ["a text that matches", { kind: "regex", pattern: "^[A-Z]{2}\\d+$" }, "AB12", 1],
  ["a text that does not match", { kind: "regex", pattern: "^[A-Z]{2}\\d+$" }, "AB", 0],
];

describe("a grader", () => {
  it.each(table)("gives %s its score", (_, grader, output, score) => {
    const grade = gradeOutput(grader, row, output);
    expect(grade.score).toBeCloseTo(score, 12);
    expect(grade.pass).toBe(score === 1);
  });

  it("passes a set from the F1 that the user asks for", () => {
    expect(gradeOutput({ kind: "set", expect: "list", f1: 0.6 }, row, ["red"]).pass).toBe(true);
  });

  it("matches a hostile text in linear time", () => {
    const text = `${"a".repeat(100_000)}b`;
    expect(gradeOutput({ kind: "regex", pattern: "^(a|a)*$" }, row, text).pass).toBe(false);
  });
});
