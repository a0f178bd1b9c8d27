import { expect, test } from "vitest";
import {
  newerReasons,
  reasons,
  redrivable,
  statuses,
  transitions,
} from "../../../shared/task/states.ts";
import { checkedWords } from "./migrations.ts";
import { section, text } from "./page.ts";

const diagram = section(text("docs/ARCHITECTURE.md"), "## States");
const arrows = [...diagram.matchAll(/^\s+(\w+) --> (\w+)(?:: (.*))?$/gm)].map(
  ([, from, to, label]) => ({ arrow: `${from} → ${to}`, redrive: label === "redrive" }),
);
const drawnArrows = (redrive: boolean): string[] =>
  arrows.filter((each) => each.redrive === redrive).map(({ arrow }) => arrow);

test("the statuses of the code are those that D1 takes, in the same order", () => {
  expect(checkedWords("status")).toEqual([...statuses]);
});

test("the reasons of the code are those that D1 takes and the newer ones, in the same order", () => {
  expect([...checkedWords("reason"), ...newerReasons]).toEqual([...reasons]);
});

test("the diagram draws every transition and no other", () => {
  const expected = statuses.flatMap((from) => transitions[from].map((to) => `${from} → ${to}`));
  expect(drawnArrows(false).sort()).toEqual(expected.sort());
});

test("the diagram draws a redrive from every status that can be redriven, and no other", () => {
  expect(drawnArrows(true).sort()).toEqual(redrivable.map((from) => `${from} → queued`).sort());
});

test("the API's page lists every reason and no other", () => {
  const line = /^`reason` is one of: (.*)\.$/m.exec(text("docs/api.md"))?.[1] ?? "";
  expect([...line.matchAll(/`(\w+)`/g)].map(([, reason]) => reason)).toEqual([...reasons]);
});
