import { expect, test } from "vitest";
import { readSpendCeiling } from "../../shared/spend/spend_ceiling.ts";

test.each([
  [undefined, null, null],
  ["", null, null],
  ["5", 5, 5],
  ["0", 0, 0],
  ["acme=20", 20, null],
  [" acme = 20 , * = 2.5", 20, 2.5],
])("the value %j allows acme %j dollars and others %j", (text, acme, otherDollars) => {
  const read = readSpendCeiling(text);
  expect(read.ok && [read.value("acme"), read.value("b")]).toEqual([acme, otherDollars]);
});

test.each(["five", "-1", "acme=", "=5", "acme=x", "5,6", "a=1,a=2", "5,"])(
  "the value %j is rejected with what to write",
  (text) => {
    const read = readSpendCeiling(text);
    expect([read.ok, !read.ok && read.error.startsWith("SPEND_PER_DAY_USD: ")]).toEqual([
      false,
      true,
    ]);
  },
);
