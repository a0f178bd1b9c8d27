import { describe, expect, test } from "vitest";
import { table } from "../../../../producer/cli/output/table.ts";

const head = ["task", "status", "tokens", "output of the task"];
const rows = [
  ["task_01m8j8rhcz3k190rr343cf42jm", "succeeded", "1,203", "The answer is long enough to be cut."],
  ["task_01m8j8rhcz3k190rr343cf42jn", "dead", "0", ""],
];
const linesAt = (columns: number) => table(head, rows, { coloured: false, columns }).split("\n");

describe("a table in a terminal", () => {
  test.each([140, 100, 80, 60, 41])("is never wider than its %i columns", (columns) => {
    for (const line of linesAt(columns)) expect([...line].length).toBeLessThanOrEqual(columns);
  });

  test("has one line per row and cuts the last cell if it fits", () => {
    expect(linesAt(80)).toEqual([
      "task                             status     tokens  output of the task",
      "task_01m8j8rhcz3k190rr343cf42jm  succeeded  1,203   The answer is long enough …",
      "task_01m8j8rhcz3k190rr343cf42jn  dead       0",
    ]);
  });

  test("moves columns below if it does not fit, and keeps ids whole so that they can be copied", () => {
    expect(linesAt(60)).toEqual([
      "task                             status     tokens",
      "  output of the task",
      "task_01m8j8rhcz3k190rr343cf42jm  succeeded  1,203",
      "  The answer is long enough to be cut.",
      "task_01m8j8rhcz3k190rr343cf42jn  dead       0",
    ]);
    expect(linesAt(40)).toEqual([
      "task",
      "  status     tokens",
      "    output of the task",
      "task_01m8j8rhcz3k190rr343cf42jm",
      "  succeeded  1,203",
      "    The answer is long enough to be cu…",
      "task_01m8j8rhcz3k190rr343cf42jn",
      "  dead       0",
    ]);
  });

  test("without rows or with one column is as narrow as possible", () => {
    const style = { coloured: false, columns: 10 };
    expect(table(["task", "status"], [], style)).toBe("task\n  status");
    expect(table(["a name that is longer"], [], style)).toBe("a name that is longer");
  });

  test("is not folded without a terminal", () => {
    expect(linesAt(Number.POSITIVE_INFINITY)).toHaveLength(3);
  });
});
