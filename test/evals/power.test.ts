/** Over 1,000 simulated evaluations the tests err as often as they say, and find what they should. */
import { describe, expect, it } from "vitest";
import { comparePaired } from "../../producer/evals/statistics/paired.ts";
import { accuracyOf } from "../../producer/evals/statistics/proportion.ts";

const seeds = 1_000;

/** Mulberry32: a small generator with a fixed sequence for each seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Two variants that differ on 20 % of the rows; `lead` is the accuracy of the first minus that of the second. */
function pairOf(rows: number, lead: number, seed: number): [number[], number[]] {
  const random = randomOf(seed);
  const onlyA = (0.2 + lead) / 2;
  const a: number[] = [];
  const b: number[] = [];
  for (let row = 0; row < rows; row++) {
    const drawn = random();
    const both = random() < 0.8 ? 1 : 0;
    a.push(drawn < onlyA ? 1 : drawn < 0.2 ? 0 : both);
    b.push(drawn < onlyA ? 0 : drawn < 0.2 ? 1 : both);
  }
  return [a, b];
}

const shareOf = (isCounted: (seed: number) => boolean): number => {
  let count = 0;
  for (let seed = 1; seed <= seeds; seed++) if (isCounted(seed)) count++;
  return count / seeds;
};

const isFound = (rows: number, lead: number) => (seed: number) =>
  comparePaired(...pairOf(rows, lead, seed)).p < 0.05;

describe("the paired test over 1,000 seeds with 20 % discordant rows", () => {
  it("finds a lead of 3 points in 5,000 rows with a power of at least 0.95", () => {
    expect(shareOf(isFound(5_000, 0.03))).toBeGreaterThanOrEqual(0.95);
  });

  it("leaves a lead of 3 points undecided in at least 80 % of the evaluations of 100 rows", () => {
    expect(shareOf(isFound(100, 0.03))).toBeLessThanOrEqual(0.2);
  });

  it.each([100, 1_000])("separates equal variants over %i rows in at most 6 %", (rows) => {
    expect(shareOf(isFound(rows, 0))).toBeLessThanOrEqual(0.06);
  });

  it.each([
    [100, 0.03],
    [1_000, 0.03],
    [1_000, 0],
  ])("has an interval over %i rows that covers a lead of %f in 93 to 97 %", (rows, lead) => {
    const covered = shareOf((seed) => {
      const { interval } = comparePaired(...pairOf(rows, lead, seed));
      return interval.low <= lead && lead <= interval.high;
    });
    expect(covered).toBeGreaterThanOrEqual(0.93);
    expect(covered).toBeLessThanOrEqual(0.97);
  });
});

describe("the interval of an accuracy over 1,000 seeds", () => {
  it.each([
    [100, 1, 0.8],
    [500, 1, 0.95],
    [200, 4, 0.8],
  ])("covers the truth in 93 to 97 %: %i rows, %i samples, accuracy %f", (rows, samples, truth) => {
    const covered = shareOf((seed) => {
      const random = randomOf(seed);
      const shares = Array.from({ length: rows }, () => {
        // Half of the rows are harder than the other half: the tries of one row resemble each other.
        const chance = samples === 1 ? truth : random() < 0.5 ? truth - 0.15 : truth + 0.15;
        let right = 0;
        for (let sample = 0; sample < samples; sample++) if (random() < chance) right++;
        return right / samples;
      });
      const { interval } = accuracyOf(shares, samples);
      return interval.low <= truth && truth <= interval.high;
    });
    expect(covered).toBeGreaterThanOrEqual(0.93);
    expect(covered).toBeLessThanOrEqual(0.97);
  });
});
