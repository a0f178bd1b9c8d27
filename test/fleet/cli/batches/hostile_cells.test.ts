import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ResultLine } from "../../../../producer/api/batches/responses.ts";
import { resultsCsv } from "../../../../producer/cli/csv/results_csv.ts";
import { fakeFleet, fleet, usage } from "../fake_fleet.ts";

const line = (text: string): ResultLine => ({
  ...{ index: 0, custom_id: text, task_id: "task_0", status: "failed", reason: "completed" },
  output: { [text]: text, list: [text, -1], number: -2 },
  error: { code: "budget_steps", message: text },
  ...{ usage: usage as ResultLine["usage"] },
});

/** A cell that a spreadsheet could run, whatever separator it uses and whether it honours quotes. */
function formulasIn(csv: string): string[] {
  const cells = [",", ";", "\t", "|"].flatMap((separator) =>
    csv.split(/\r?\n/).flatMap((row) => row.split(separator)),
  );
  const number = /^-\d+(?:\.\d+)?[\]}"\s]*$/;
  return cells
    .map((cell) => cell.replace(/^[\s"]+/u, ""))
    .filter((cell) => /^[=+\-@＝＋－＠]/u.test(cell) && !number.test(cell));
}

describe("the results of hostile tasks have no cell that a spreadsheet runs", () => {
  test.each([
    "=1+1",
    "ok;=cmd|'/C calc'!A0;",
    "a\t=1+1",
    "a, =1+1",
    "a\n=1+1",
    "a\r=1+1",
    "＝1+1",
    "\0=1+1",
    "\u200b=1+1",
    '";"=1+1',
    ';;"" @SUM(A1)',
    "-5",
    "x;-5-cmd",
    "a|+1",
  ])("%j", (text) => {
    expect(formulasIn(resultsCsv([line(text)], null))).toEqual([]);
  });

  test("for any text", () => {
    const unit = fc.constantFrom(
      "=",
      "-",
      "+",
      "@",
      ";",
      ",",
      "\t",
      "|",
      "\n",
      "\r",
      '"',
      "'",
      " ",
      "1",
      "a",
      "＝",
      "\0",
      "\ufeff",
    );
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 12 }), (text) => {
        expect(formulasIn(resultsCsv([line(text)], null))).toEqual([]);
      }),
      { numRuns: 3_000 },
    );
  });
});

test("the results contain no control characters but line breaks", () => {
  const csv = resultsCsv([line("a\u001b]52;c;eA==\u0007b\u001b[2J\u202ec\u009bd\te\0")], null);
  expect(csv).not.toMatch(/[^\P{Cc}\r\n]|\p{Cf}/u);
});

test("ordinary texts, lists and negative numbers are unchanged", () => {
  const csv = resultsCsv(
    [{ ...line("plain"), output: { a: "x - y = z", b: [-1, -2.5], c: -3, d: "1 < 2" } }],
    null,
  );
  expect(csv).toContain(',x - y = z,"[-1,-2.5]",-3,1 < 2,');
});

test("an error with line breaks cannot add a line to `fleet get`", async () => {
  const task = { message: "nope\nstatus     succeeded, completed" };
  const { url } = await fakeFleet({
    "GET /v1/tasks/task_1": { body: { ...taskBody, error: { code: "tool_failed", ...task } } },
  });
  const { out } = await fleet(["get", "task_1", "--url", url]);
  expect(out).toContain("nope");
  expect(out.split("\n").filter((row) => row.startsWith("status"))).toHaveLength(1);
});

const taskBody = {
  ...{
    id: "task_1",
    custom_id: null,
    status: "failed",
    reason: "tool_error",
    model: "m",
    policy: "default",
  },
  ...{ attempt: 0, usage, created_at: "2026-01-01T00:00:00Z", started_at: null, finished_at: null },
  ...{ batch_id: null, labels: {}, quirks: [], output: null },
};
