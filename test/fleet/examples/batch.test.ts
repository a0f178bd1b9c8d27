import { describe, expect, test } from "vitest";
import { exampleBatch } from "../../../examples/batch.ts";
import { expectations, redriven } from "../../../examples/expectations.ts";
import { checkTask } from "../../../producer/tasks/check.ts";
import type { CheckScope } from "../../../producer/tasks/check_scope.ts";
import { taskLimits } from "../../../shared/limits.ts";
import { standardTools } from "../../../shared/task.ts";

const tasks = exampleBatch();
/** A local fleet without a model or a policy of its own. */
const scope: CheckScope = {
  model: "rehearsal",
  rehearsals: true,
  now: Date.UTC(2026, 0, 1),
  tools: standardTools,
  offered: null,
  policyFault: (name) => (["default", "demo"].includes(name) ? null : `no policy ${name}`),
  modelFault: (id) => (id === "rehearsal" ? null : `no model ${id}`),
  webhookFault: () => null,
  proven: new WeakSet(),
};

describe("the example batch", () => {
  test("has an expectation for every task and no other", () => {
    const names = tasks.map(({ custom_id: name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThanOrEqual(16);
    expect(Object.keys(expectations).sort()).toEqual([...names].sort());
    expect(names).toEqual(expect.arrayContaining(Object.keys(redriven)));
  });

  test.each(tasks.map((task) => [task.custom_id, task] as const))(
    "%s is a task that the API accepts",
    (_, task) => {
      expect(checkTask(task, scope)).toMatchObject({ ok: true });
      expect(JSON.stringify(task).length).toBeLessThan(taskLimits.bodyBytesMax);
    },
  );

  test("holds no credential", () => {
    expect(JSON.stringify(tasks)).not.toMatch(/bearer|authorization/i);
  });
});
