import { expect, test } from "vitest";
import { repetition } from "../../consumer/loop/repetition.ts";
import { loopLimits } from "../../shared/limits.ts";
import type { Step } from "../../shared/step.ts";
import { callOf, modelStep, replyOf, toolStep } from "./steps.ts";

/** One tool step for each letter; a reply stands before each, as in a journal. */
const journal = (letters: string, resultOf: (letter: string, n: number) => string): Step[] =>
  [...letters].flatMap((letter, n) => {
    const call = callOf(`call${n}`, { arguments: { path: letter } });
    return [modelStep(replyOf({ calls: [call] })), toolStep(call, resultOf(letter, n))];
  });
const same = (letter: string): string => letter;
const times = loopLimits.cyclesMax;

test.each([
  ["nothing", "", "fine"],
  ["one call often", "a".repeat(times), "stuck"],
  ["one call, once less", "a".repeat(times - 1), "fine"],
  ["a cycle of two", "ab".repeat(times), "stuck"],
  ["a cycle of two, not closed", `b${"ab".repeat(times - 1)}`, "fine"],
  ["a cycle of three", "abc".repeat(times), "stuck"],
  ["a cycle of four", "abcd".repeat(times), "fine"],
  ["a loop after other work", `xyz${"a".repeat(times)}`, "stuck"],
  ["a loop that was left", `${"a".repeat(times)}b`, "fine"],
  ["different calls", "abcdefghijklmnop", "fine"],
] as const)("%s: %s is %s", (_, letters, verdict) => {
  expect(repetition(journal(letters, same))).toBe(verdict);
});

test("the same call with other results is polling, and allowed", () => {
  expect(repetition(journal("a".repeat(20), (_, n) => `tick ${n}`))).toBe("fine");
});
