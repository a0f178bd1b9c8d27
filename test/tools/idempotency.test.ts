import { expect, it, test } from "vitest";
import { stepKey } from "../../consumer/tools/idempotency.ts";

const keyAfter = (modes: string[], seq = 3): string =>
  stepKey(
    { id: "task_a", history: JSON.stringify(modes.map((mode) => ({ redriven: { mode } }))) },
    seq,
  );

it.each<[modes: string[]]>([[[]], [["resume"]], [["resume", "resume"]]])(
  "a step keeps its key when its run goes on (%j)",
  (modes) => {
    expect(keyAfter(modes)).toBe("task_a:3");
  },
);

test("no step of a run has the key of a step of another run", () => {
  const runs = [
    [],
    ["restart"],
    ["restart", "restart"],
    ["restart", "resume", "restart", "restart"],
  ];
  const keys = runs.flatMap((modes) => [1, 2, 3, 12].map((seq) => keyAfter(modes, seq)));
  expect(new Set(keys).size).toBe(keys.length);
});

test("a run that was sent through before its mode was written down counts as begun anew", () => {
  expect(stepKey({ id: "task_a", history: '[{"fence": 2}]' }, 3)).toBe("task_a:1:3");
});
