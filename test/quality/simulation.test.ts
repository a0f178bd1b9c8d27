import { describe, expect, test, vi } from "vitest";
import { Random } from "../chaos/random.ts";
import { type ErrorRates, type Method, simulate } from "./simulation.ts";
import { expect as expectInTheory } from "./theory.ts";

const rates: ErrorRates = {
  error: 0.2,
  correlation: 0,
  escalatedError: 0.05,
  missed: 0.1,
  rejected: 0.02,
};
const checks: Method = { corrections: 2, checks: true, samples: null, escalates: false };
const vote = { count: 3, need: 2 };
const tasks = 1_500;

describe("with 20 % independent errors, and a check that misses 10 % and rejects 2 %", () => {
  test.each([
    ["checks", checks, 0.97, 2],
    ["checks and votes", { ...checks, samples: vote }, 0.99, 4],
  ] as const)("%s accept right answers, as in theory", async (_name, method, share, callsMax) => {
    vi.spyOn(console, "log").mockReturnValue(undefined);
    const theory = expectInTheory(method, rates);
    const tally = await simulate(method, rates, tasks, new Random(7));
    expect(theory.accuracy).toBeGreaterThan(share);
    expect(theory.calls).toBeLessThan(callsMax);
    const sigma = Math.sqrt((theory.accuracy * (1 - theory.accuracy)) / tally.accepted);
    const accuracy = tally.right / tally.accepted;
    expect(Math.abs(accuracy - theory.accuracy)).toBeLessThan(4 * sigma);
    expect(Math.abs(tally.calls / tasks - theory.calls)).toBeLessThan(0.1 * theory.calls);
  });
});
