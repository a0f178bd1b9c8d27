import fs from "node:fs";
import { expect, test } from "vitest";
import { costOfMillion, sumOf } from "../../../producer/cost/cost.ts";
import { shapes } from "../../../producer/cost/operations.ts";
import { withTables } from "../../../producer/cost/table.ts";

test("docs/operations.md has the cost tables that follow from the measured operations; else run npm run cost", () => {
  const page = fs.readFileSync("docs/operations.md", "utf8");
  expect(withTables(page)).toBe(page);
});

test("a million tasks of one step cost at most $23, and of seven calls of 30 s at most $75", () => {
  const costs = shapes.map(({ operations }) => sumOf(costOfMillion(operations, 30)));
  expect(costs[0]).toBeLessThanOrEqual(23);
  expect(costs[1]).toBeLessThanOrEqual(75);
});
