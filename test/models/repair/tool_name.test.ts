import { expect, test } from "vitest";
import { repairCall } from "../../../consumer/models/repair/repair.ts";
import { modelLimits } from "../../../shared/limits.ts";

const context = { tools: [], cut: false, leaked: false };

test.each([
  ["letters", "n".repeat(300_000)],
  ["quotation marks", `x${"'".repeat(300_000)}x`],
  ["characters of two units", "😀".repeat(150_000)],
])("a name of 300,000 %s is neither kept nor shown whole, and read at once", (_, name) => {
  const startedAt = performance.now();
  const repaired = repairCall({ name, arguments: "{}" }, context);
  expect(performance.now() - startedAt).toBeLessThan(500);
  expect(repaired.name.length).toBeLessThanOrEqual(modelLimits.toolNameCharsMax);
  expect(repaired.name.isWellFormed()).toBe(true);
  expect(repaired.problem?.length).toBeLessThan(1_000);
});
