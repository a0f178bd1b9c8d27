/** The figures were computed with SciPy 1.17.1 and statsmodels 0.15.0 (test/evals/reference.py). */
import { describe, expect, it } from "vitest";
import {
  calibrate,
  correctedAccuracy,
  fleissKappa,
} from "../../producer/evals/statistics/agreement.ts";
import { twoSidedP } from "../../producer/evals/statistics/normal.ts";
import {
  comparePaired,
  holmAdjusted,
  midP,
  rowsNeeded,
} from "../../producer/evals/statistics/paired.ts";
import {
  passPowers,
  quantile,
  wilsonInterval,
} from "../../producer/evals/statistics/proportion.ts";

/** So many values of 1, then of 0. */
const shares = (ones: number, zeros: number): number[] => [
  ...Array.from({ length: ones }, () => 1),
  ...Array.from({ length: zeros }, () => 0),
];

describe("the interval of an accuracy", () => {
  it.each([
    [0, 10, 0, 0.27753279986288926],
    [7, 10, 0.39677814746114537, 0.8922087325936989],
    [450, 500, 0.8705780903680599, 0.9233224372626984],
    [500, 500, 0.9923756595384479, 1],
    [1, 3, 0.06149194472039626, 0.7923403991979523],
  ])("%i right of %i rows have Wilson's interval %f to %f", (right, rows, low, high) => {
    const interval = wilsonInterval(right / rows, rows);
    expect(interval.low).toBeCloseTo(low, 12);
    expect(interval.high).toBeCloseTo(high, 12);
  });
});

describe("the normal distribution", () => {
  it.each([
    [0.1, 0.920344325445942],
    [1, 0.31731050786291415],
    [-1.96, 0.04999579029644087],
    [2.9, 0.003731626600768075],
    [3, 0.0026997960632601866],
    [3.1, 0.0019352064264367126],
    [5, 5.733031437583866e-7],
    [8, 1.244192114854348e-15],
    [20, 5.507248237212311e-89],
  ])("the chance of a deviation of %f is %f", (z, p) => {
    expect(Math.abs(twoSidedP(z) / p - 1)).toBeLessThan(1e-9);
  });
});

describe("McNemar's test with the mid-p correction", () => {
  it.each([
    [0, 0, 1],
    [1, 0, 0.5],
    [5, 1, 0.125],
    [12, 4, 0.04904174804687501],
    [60, 40, 0.04604406692934291],
    [575, 425, 2.0382631269711736e-6],
    [3, 3, 1],
  ])("%i rows for the one and %i for the other give p = %f", (a, b, p) => {
    expect(Math.abs(midP(a, b) / p - 1)).toBeLessThan(1e-9);
    expect(midP(b, a)).toBe(midP(a, b));
  });
});

describe("a paired comparison", () => {
  it("of right and wrong answers has the interval of Agresti and Min", () => {
    const a = [...shares(12, 4), ...shares(50, 34)];
    const b = [...shares(0, 12), ...shares(4, 0), ...shares(50, 34)];
    const test = comparePaired(a, b);
    expect(test).toMatchObject({ rows: 100, only_a: 12, only_b: 4, method: "mcnemar_mid_p" });
    expect(test.difference).toBeCloseTo(0.08, 12);
    expect(test.interval.low).toBeCloseTo(0.0006803572408494163, 12);
    expect(test.interval.high).toBeCloseTo(0.1561823878571898, 12);
  });

  it("of shares over several samples uses their differences", () => {
    const differences = [0.5, 0, 0.25, -0.25, 0, 0.75, 0.5, 0];
    const test = comparePaired(
      differences.map((difference) => 0.25 + difference),
      differences.map(() => 0.25),
    );
    expect(test.method).toBe("paired_normal");
    expect(test.p).toBeCloseTo(0.06802285903839639, 10);
    expect(test.interval.low).toBeCloseTo(-0.016195810422976048, 12);
  });

  it("says how many rows the observed difference needs", () => {
    const test = comparePaired(
      [...shares(12, 4), ...shares(50, 34)],
      [...shares(0, 12), ...shares(4, 84)].map((share, row) =>
        row < 16 ? share : row < 66 ? 1 : 0,
      ),
    );
    // ((1.96 √0.16 + 0.8416 √(0.16 − 0.0064)) / 0.08)²
    expect(rowsNeeded(test)).toBe(194);
    expect(rowsNeeded(comparePaired([1, 0], [1, 0]))).toBeNull();
  });

  it("is corrected for the number of comparisons as Holm describes", () => {
    expect(holmAdjusted([0.01, 0.04, 0.03, 0.5]).map((p) => Number(p.toFixed(6)))).toEqual([
      0.04, 0.09, 0.09, 0.5,
    ]);
  });
});

describe("several tries of a row", () => {
  it.each<[number[], number, number[]]>([
    [[4, 4], 4, [1, 1, 1, 1]],
    [[0, 0], 2, [0, 0]],
    // C(3, j) / C(4, j): 3/4, 3/6, 1/4, 0.
    [[3], 4, [0.75, 0.5, 0.25, 0]],
    [[2, 0], 2, [0.5, 0.5]],
  ])("rows with %j right answers of %i have pass^1, pass^2, … %j", (right, samples, powers) => {
    for (const [at, power] of passPowers(right, samples).entries()) {
      expect(power).toBeCloseTo(powers[at] ?? Number.NaN, 12);
    }
  });

  it.each<[number[], number, number | null]>([
    [[1, 2, 3, 4, 10], 0.95, 8.8],
    [[5, 1], 0.5, 3],
    [[], 0.5, null],
  ])("of %j the quantile %f is %j", (values, q, expected) => {
    const found = quantile(values, q);
    if (expected === null) expect(found).toBeNull();
    else expect(found).toBeCloseTo(expected, 9);
  });
});

describe("agreement", () => {
  it("between variants is Fleiss' kappa", () => {
    const answers = ["aab", "aaa", "bcb", "ccc", "abc"].map((row) => [...row]);
    expect(fleissKappa(answers)).toBeCloseTo(0.29054054054054046, 12);
    expect(fleissKappa([["a", "a"]])).toBeNull();
  });

  it("of a judge with people shows its errors, by class too", () => {
    const rows = (count: number, expected: boolean, verdict: boolean, group: string) =>
      Array.from({ length: count }, () => ({ expected, verdict, group }));
    const found = calibrate([
      ...rows(20, true, true, "short"),
      ...rows(5, true, false, "short"),
      ...rows(10, false, true, "long"),
      ...rows(15, false, false, "long"),
    ]);
    expect(found).toMatchObject({ rows: 50, agreement: 0.7, false_pass: 0.4, false_fail: 0.2 });
    expect(found.kappa).toBeCloseTo(0.4, 12);
    expect(found.groups).toEqual([
      { group: "long", rows: 25, agreement: 0.6, bias: 0.4 },
      { group: "short", rows: 25, agreement: 0.8, bias: 0.8 - 1 },
    ]);
    // 0.64 passes = 0.6 · 0.8 + 0.4 · 0.4
    expect(correctedAccuracy(0.64, found)).toBeCloseTo(0.6, 12);
    expect(correctedAccuracy(0.64, { ...found, false_pass: 0.9 })).toBeNull();
  });
});
