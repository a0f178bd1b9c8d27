import { expect, test } from "vitest";
import { readSpendCeiling } from "../../shared/spend_ceiling.ts";

test.each([
  [undefined, null, null],
  ["", null, null],
  ["5", 5, 5],
  ["0", 0, 0],
  ["acme=20", 20, null],
  [" acme = 20 , * = 2.5", 20, 2.5],
])("%j: acme may spend %j, others %j", (text, acme, others) => {
  const read = readSpendCeiling(text);
  expect(read.ok && [read.ceilingOf("acme"), read.ceilingOf("b")]).toEqual([acme, others]);
});

test.each(["five", "-1", "acme=", "=5", "acme=x", "5,6", "a=1,a=2", "5,"])(
  "%j is refused whole, with what to write",
  (text) => {
    const read = readSpendCeiling(text);
    expect([read.ok, !read.ok && read.message.startsWith("SPEND_PER_DAY_USD: ")]).toEqual([
      false,
      true,
    ]);
  },
);
