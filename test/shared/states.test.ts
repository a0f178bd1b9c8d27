import { expect, test } from "vitest";
import { failureTable } from "../../shared/task/failures.ts";
import {
  canMove,
  isTerminal,
  reasons,
  redrivable,
  statuses,
  terminalStatuses,
  transitions,
} from "../../shared/task/states.ts";

test("a status is terminal exactly when it has no transitions", () => {
  const ends = statuses.filter((status) => transitions[status].length === 0);
  expect(ends).toEqual([...terminalStatuses]);
  expect(statuses.filter(isTerminal)).toEqual(ends);
});

test("every terminal status can be reached from a queued task", () => {
  const reachable = new Set<string>(["queued"]);
  for (const from of statuses) {
    for (const to of statuses) if (reachable.has(from) && canMove(from, to)) reachable.add(to);
  }
  expect([...reachable].sort()).toEqual([...statuses].sort());
});

test.each([
  ["queued", "running", true],
  ["queued", "succeeded", false],
  ["running", "queued", true],
  ["succeeded", "queued", false],
  ["dead", "running", false],
] as const)("a transition from %s to %s is allowed: %j", (from, to, allowed) => {
  expect(canMove(from, to)).toBe(allowed);
});

test("only ended tasks that did not succeed can be redriven", () => {
  expect(redrivable.every((status) => isTerminal(status))).toBe(true);
  expect(redrivable as readonly string[]).not.toContain("succeeded");
});

test("every failure ends a task with a known reason", () => {
  const unknown = Object.values(failureTable).filter(({ reason }) => !reasons.includes(reason));
  expect(unknown).toEqual([]);
});
