/** A report over 500 rows and three variants, against figures that are computed here in another way. */
import { describe, expect, it } from "vitest";
import type { EvalSpec } from "../../producer/evals/eval_spec.ts";
import { buildReport } from "../../producer/evals/report.ts";
import { z95 } from "../../producer/evals/statistics/normal.ts";
import { VariantTally } from "../../producer/evals/variant_summary.ts";

const rows = 500;
const spec: EvalSpec = {
  rows: [{}],
  template: {},
  variants: [{ name: "a" }, { name: "b" }, { name: "c" }],
  graders: [{ kind: "exact", expect: "label" }],
  margin: 0.03,
};

/** Right on rows whose number fits; the three overlap in different ways. */
const isRight: Record<string, (row: number) => boolean> = {
  a: (row) => row % 10 < 8,
  b: (row) => row % 10 < 7 || row % 50 === 9,
  c: (row) => row % 10 !== 3,
};
const names = Object.keys(isRight);
const right = (name: string): boolean[] =>
  Array.from({ length: rows }, (_, row) => isRight[name]?.(row) ?? false);

const tallyOf = (name: string): VariantTally => {
  const tally = new VariantTally(1);
  for (const [row, pass] of right(name).entries()) {
    const usage = { cost_usd: 0.001, tokens: 10, latency_ms: 1_000 + row };
    const task = { task_id: "t", status: "succeeded", reason: "completed" } as const;
    const graded = { output: pass ? "x" : `${name} ${row}`, pass, scores: [pass ? 1 : 0] };
    tally.add({ row, tries: [{ ...task, ...graded, ...usage }] });
  }
  return tally;
};

const report = buildReport(
  spec,
  names.map((name) => ({ name, batch_id: `batch_${name}`, tally: tallyOf(name) })),
  [],
);

/** The shares p with |p̂ − p| = z √(p (1 − p) / n), by bisection: what Wilson's interval solves. */
function scoreInterval(share: number): [number, number] {
  const excess = (p: number) => Math.abs(share - p) - z95 * Math.sqrt((p * (1 - p)) / rows);
  const root = (outer: number): number => {
    let [from, to] = [outer, share];
    for (let step = 0; step < 200; step++) {
      const middle = (from + to) / 2;
      if (excess(middle) > 0) from = middle;
      else to = middle;
    }
    return (from + to) / 2;
  };
  return [root(0), root(1)];
}

/** McNemar's mid-p with whole numbers: binomial coefficients over a power of two. */
function midP(onlyA: number, onlyB: number): number {
  const n = onlyA + onlyB;
  const less = Math.min(onlyA, onlyB);
  let coefficient = 1n;
  let tail = 0n;
  for (let k = 0; k <= less; k++) {
    tail += k < less ? 2n * coefficient : coefficient;
    coefficient = (coefficient * BigInt(n - k)) / BigInt(k + 1);
  }
  const scale = 10n ** 30n;
  return Number((tail * scale) / 2n ** BigInt(n)) / 1e30;
}

describe("a report over 500 rows and three variants", () => {
  it.each(names)("gives the accuracy of %s with its interval", (name) => {
    const found = report.variants.find((variant) => variant.name === name);
    const share = right(name).filter(Boolean).length / rows;
    const [low, high] = scoreInterval(share);
    expect(found?.accuracy).toBeCloseTo(share, 12);
    expect(found?.interval.low).toBeCloseTo(low, 9);
    expect(found?.interval.high).toBeCloseTo(high, 9);
    expect(found?.latency_ms.p50).toBeCloseTo(1_249.5, 9);
    expect(found?.cost_usd).toBeCloseTo(0.5, 9);
  });

  it.each([
    ["a", "b"],
    ["a", "c"],
    ["b", "c"],
  ])("compares %s and %s row by row", (a, b) => {
    const found = report.comparisons.find((each) => each.a === a && each.b === b);
    const [ours, theirs] = [right(a), right(b)];
    const onlyA = ours.filter((pass, row) => pass && theirs[row] === false).length;
    const onlyB = ours.filter((pass, row) => !pass && theirs[row] === true).length;
    expect(found).toMatchObject({ rows, only_a: onlyA, only_b: onlyB, method: "mcnemar_mid_p" });
    const p = midP(onlyA, onlyB);
    expect(Math.abs((found?.p ?? 0) - p)).toBeLessThan(1e-9 * Math.max(p, 1e-6));
    expect(found?.difference).toBeCloseTo((onlyA - onlyB) / rows, 12);
  });

  it("names the better variant of each pair that the rows separate", () => {
    expect(report.comparisons.map(({ a, b, better }) => [a, b, better])).toEqual([
      ["a", "b", "a"],
      ["a", "c", "c"],
      ["b", "c", "c"],
    ]);
  });

  it("shows that a better variant is no worse, and that a worse one is not shown to be", () => {
    expect(report.non_inferiority.map(({ variant, shown }) => [variant, shown])).toEqual([
      ["b", false],
      ["c", true],
    ]);
  });
});
