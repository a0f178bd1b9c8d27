import fc from "fast-check";
import { expect, test } from "vitest";
import { boundaries } from "./boundaries.ts";

/** Some 2 s of CPU in all; `npm run fuzz` makes 100,000 cases for each. */
const numRuns = 300;

test.each(boundaries.map((boundary) => [boundary.name, boundary] as const))(
  "generated inputs of %s are refused or processed, and leak nothing",
  async (_name, { property }) => {
    const details = await fc.check(property() as fc.IAsyncProperty<unknown>, { numRuns });
    expect(details.failed ? fc.defaultReportMessage(details) : "").toBe("");
  },
);
