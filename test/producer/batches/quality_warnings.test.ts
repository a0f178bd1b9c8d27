import { expect, test } from "vitest";
import { qualityWarnings } from "../../../producer/batches/quality_warnings.ts";

const judge = { judge: { model: "m", rubric: "r" } };

test("a dry run warns of limits that are too small for all samples and checks", () => {
  const task = { samples: { count: 5 }, checks: [judge, { code: "true" }] };
  expect(qualityWarnings(task)).toEqual([]);
  expect(qualityWarnings({ ...task, limits: { model_calls: 9, steps: 15 } })).toMatchObject([
    { path: "limits.model_calls", message: expect.stringContaining("need at least 10") },
  ]);
  expect(qualityWarnings({ checks: [judge], limits: { steps: 1 } })).toMatchObject([
    { path: "limits.steps" },
  ]);
});

test("a dry run warns of samples at temperature 0", () => {
  const sampling = { temperature: 0 };
  expect(qualityWarnings({ samples: { count: 2 }, sampling })).toHaveLength(1);
  expect(qualityWarnings({ sampling })).toEqual([]);
});
