import { describe, expect, test } from "vitest";
import { table } from "../../../producer/cli/output/table.ts";

const head = ["task", "status", "tokens", "what came out of it"];
const rows = [
  ["task_01m8j8rhcz3k190rr343cf42jm", "succeeded", "1,203", "The answer is long enough to be cut."],
  ["task_01m8j8rhcz3k190rr343cf42jn", "dead", "0", ""],
];
const shown = (columns: number) => table(head, rows, { coloured: false, columns }).split("\n");

describe("a table in a terminal", () => {
  test.each([140, 100, 80, 60, 41])("of %i columns is never wider", (columns) => {
    for (const line of shown(columns)) expect([...line].length).toBeLessThanOrEqual(columns);
  });

  test("with room is a line a row, its last cell cut", () => {
    expect(shown(80)).toEqual([
      "task                             status     tokens  what came out of it",
      "task_01m8j8rhcz3k190rr343cf42jm  succeeded  1,203   The answer is long enough …",
      "task_01m8j8rhcz3k190rr343cf42jn  dead       0",
    ]);
  });

  test("without room goes on below, and leaves an id whole, so that it can be copied", () => {
    expect(shown(60)).toEqual([
      "task                             status     tokens",
      "  what came out of it",
      "task_01m8j8rhcz3k190rr343cf42jm  succeeded  1,203",
      "  The answer is long enough to be cut.",
      "task_01m8j8rhcz3k190rr343cf42jn  dead       0",
    ]);
    expect(shown(40)).toEqual([
      "task",
      "  status     tokens",
      "    what came out of it",
      "task_01m8j8rhcz3k190rr343cf42jm",
      "  succeeded  1,203",
      "    The answer is long enough to be cu…",
      "task_01m8j8rhcz3k190rr343cf42jn",
      "  dead       0",
    ]);
  });

  test("of no rows, and of one column, is as narrow as it can be", () => {
    const style = { coloured: false, columns: 10 };
    expect(table(["task", "status"], [], style)).toBe("task\n  status");
    expect(table(["a name that is longer"], [], style)).toBe("a name that is longer");
  });

  test("is not stacked where no terminal is", () => {
    expect(shown(Number.POSITIVE_INFINITY)).toHaveLength(3);
  });
});
