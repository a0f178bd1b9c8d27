import { expect, test } from "vitest";
import { stepKey } from "../../consumer/tools/idempotency.ts";

const keyAfter = (modes: string[], seq = 3): string =>
  stepKey(
    { id: "task_a", history: JSON.stringify(modes.map((mode) => ({ redriven: { mode } }))) },
    seq,
  );

test.each<[modes: string[]]>([[[]], [["resume"]], [["resume", "resume"]]])(
  "a step keeps its key when its run is resumed: %j",
  (modes) => {
    expect(keyAfter(modes)).toBe("task_a:3");
  },
);

test("steps of different runs have different keys", () => {
  const runs = [
    [],
    ["restart"],
    ["restart", "restart"],
    ["restart", "resume", "restart", "restart"],
  ];
  const keys = runs.flatMap((modes) => [1, 2, 3, 12].map((seq) => keyAfter(modes, seq)));
  expect(new Set(keys).size).toBe(keys.length);
});

test("a redrive without a stored mode counts as a restart", () => {
  expect(stepKey({ id: "task_a", history: '[{"fence": 2}]' }, 3)).toBe("task_a:1:3");
});
