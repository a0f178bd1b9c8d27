import { describe, expect, test } from "vitest";
import { exampleBatch } from "../../../examples/batch.ts";
import { expectations, redriveExpectations } from "../../../examples/expectations.ts";
import { checkTask } from "../../../producer/tasks/check/check.ts";
import type { CheckScope } from "../../../producer/tasks/check/check_scope.ts";
import { taskLimits } from "../../../shared/limits.ts";
import { err, ok } from "../../../shared/result.ts";
import { standardTools } from "../../../shared/task/task.ts";

const tasks = exampleBatch();
/** A local fleet with only the shipped models and policies. */
const scope: CheckScope = {
  model: "rehearsal",
  allowsRehearsal: true,
  now: Date.UTC(2026, 0, 1),
  tools: standardTools,
  available: null,
  checkPolicy: (name) => (["default", "demo"].includes(name) ? ok(null) : err(`no policy ${name}`)),
  checkModel: (id) => (id === "rehearsal" ? ok(null) : err(`no model ${id}`)),
  seesPictures: () => true,
  checkWebhook: () => ok(null),
  validParts: new WeakSet(),
};

describe("the example batch", () => {
  test("has exactly one expectation per task", () => {
    const names = tasks.map(({ custom_id: name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThanOrEqual(16);
    expect(Object.keys(expectations).sort()).toEqual([...names].sort());
    expect(names).toEqual(expect.arrayContaining(Object.keys(redriveExpectations)));
  });

  test.each(tasks.map((task) => [task.custom_id, task] as const))(
    "has a task %s that the API accepts",
    (_, task) => {
      expect(checkTask(task, scope)).toMatchObject({ ok: true });
      expect(JSON.stringify(task).length).toBeLessThan(taskLimits.bodyBytesMax);
    },
  );

  test("has no credential", () => {
    expect(JSON.stringify(tasks)).not.toMatch(/bearer|authorization/i);
  });
});
