import { describe, expect, test } from "vitest";
import {
  countRounds,
  isBlocked,
  isLooping,
  needsWarning,
} from "../../../consumer/loop/conversation/repetition.ts";
import { loopLimits } from "../../../shared/limits.ts";
import type { Step } from "../../../shared/task/step.ts";
import { callOf, modelStep, replyOf, toolStep } from "../steps.ts";

const calling = (letter: string) => callOf("c", { arguments: { path: letter } });

/** One tool step for each letter, each after its reply, as in a journal. */
const journal = (letters: string, resultOf: (letter: string, n: number) => string): Step[] =>
  [...letters].flatMap((letter, n) => {
    const call = calling(letter);
    return [modelStep(replyOf({ calls: [call] })), toolStep(call, resultOf(letter, n))];
  });
const sameResult = (letter: string): string => letter;
const times = loopLimits.finishAfterRounds;

test.each([
  ["no call", "", false],
  ["one call repeated", "a".repeat(times), true],
  ["one call, repeated once less", "a".repeat(times - 1), false],
  ["a cycle of two", "ab".repeat(times), true],
  ["an incomplete cycle of two", `b${"ab".repeat(times - 1)}`, false],
  ["a cycle of three", "abc".repeat(times), true],
  ["a cycle of four", "abcd".repeat(times), false],
  ["a loop after other work", `xyz${"a".repeat(times)}`, true],
  ["a loop that has ended", `${"a".repeat(times)}b`, false],
  ["different calls", "abcdefghijklmnop", false],
] as const)("%s (%s) is a loop: %s", (_, letters, verdict) => {
  expect(isLooping(journal(letters, sameResult))).toBe(verdict);
});

test("the same call with different results is polling, which is allowed", () => {
  const polling = journal("a".repeat(20), (_, n) => `tick ${n}`);
  expect([isLooping(polling), isBlocked(polling, calling("a"))]).toEqual([false, false]);
});

test("calls that differ only in key order and white space are the same", () => {
  const text = [
    { path: "x", code: "a  +\n b" },
    { code: "a + b", path: "x" },
    { path: "x", code: "a +\tb" },
  ];
  const steps = text.flatMap((args) => {
    const call = callOf("c", { arguments: args });
    return [modelStep(replyOf({ calls: [call] })), toolStep(call, "3\n")];
  });
  expect(countRounds(steps)).toBe(3);
  const [first] = text;
  expect(isBlocked(steps, callOf("d", { arguments: first ?? {} }))).toBe(true);
  expect(isBlocked(steps, callOf("d", { arguments: { path: "x", code: "a + c" } }))).toBe(false);
});

test("repeated calls of one reply count once", () => {
  const calls = Array.from({ length: 9 }, () => calling("a"));
  const steps = [modelStep(replyOf({ calls })), ...calls.map((call) => toolStep(call, "x"))];
  expect(countRounds(steps)).toBe(1);
});

describe("the next call of a loop is blocked", () => {
  test.each([
    ["aaa", "a", true],
    ["aa", "a", false],
    ["aaa", "b", false],
    ["ababab", "a", true],
    ["ababab", "b", false],
    ["abab", "a", false],
    ["abcabcabc", "a", true],
    ["abcabcabca", "b", true],
    ["aaab", "a", false],
  ] as const)("after %s, %s: %s", (letters, next, verdict) => {
    expect(isBlocked(journal(letters, sameResult), calling(next))).toBe(verdict);
  });

  test("a blocked call counts as a repetition", () => {
    const blocked = journal("aaaaa", sameResult).map((step, n): Step => {
      if (step.payload.kind === "model" || n < 6) return step;
      return {
        ...step,
        status: "refused",
        payload: { ...step.payload, text: "no", blocked: true },
      };
    });
    expect([countRounds(blocked), isLooping(blocked)]).toEqual([5, true]);
  });
});

test.each([
  ["a", false],
  ["aa", false],
  ["aaa", true],
  ["aaaa", false],
  ["ababab", true],
  ["ababa", false],
  ["xaaa", true],
] as const)("the model is warned once, after %s: %s", (letters, verdict) => {
  expect(needsWarning(journal(letters, sameResult))).toBe(verdict);
});
