/** Two variants on the same rows: which one is better, and do the rows suffice to say so. */
import { twoSidedP, z95, zPower } from "./normal.ts";
import { type Interval, mean, variance } from "./proportion.ts";

export interface PairedTest {
  rows: number;
  /** Rows in which only the first, and only the second, does better. */
  only_a: number;
  only_b: number;
  /** Accuracy of the first minus that of the second, with its 95 % interval. */
  difference: number;
  interval: Interval;
  /** The chance of such a difference between equal variants. */
  p: number;
  method: "mcnemar_mid_p" | "paired_normal";
}

/** `a[i]` and `b[i]` are the shares of right answers in row i; the two lists have one length. */
export function comparePaired(a: readonly number[], b: readonly number[]): PairedTest {
  const differences = a.map((share, row) => share - (b[row] ?? 0));
  const rows = differences.length;
  const counts = {
    rows,
    only_a: differences.filter((difference) => difference > 0).length,
    only_b: differences.filter((difference) => difference < 0).length,
    difference: mean(differences),
  };
  const isBinary = [...a, ...b].every((share) => share === 0 || share === 1);
  return isBinary
    ? {
        ...counts,
        interval: agrestiMin(counts.only_a, counts.only_b, rows),
        p: midP(counts.only_a, counts.only_b),
        method: "mcnemar_mid_p",
      }
    : { ...counts, ...normalTest(differences), method: "paired_normal" };
}

/**
 * McNemar's test, exact with the mid-p correction: its error rate stays near 5 %, where the exact test is
 * far too careful and the chi-square one too bold for few rows.
 */
export function midP(onlyA: number, onlyB: number): number {
  const n = onlyA + onlyB;
  if (n === 0) return 1;
  const less = Math.min(onlyA, onlyB);
  if (onlyA === onlyB) return 1;
  let logTerm = -n * Math.LN2;
  let tail = 0;
  for (let k = 0; k < less; k++) {
    tail += Math.exp(logTerm);
    logTerm += Math.log((n - k) / (k + 1));
  }
  return Math.min(1, 2 * (tail + Math.exp(logTerm) / 2));
}

/** The adjusted Wald interval of a paired difference (half a row is added to each of the four cells). */
function agrestiMin(onlyA: number, onlyB: number, rows: number): Interval {
  const n = rows + 2;
  const difference = onlyA - onlyB;
  const half = (z95 * Math.sqrt(onlyA + onlyB + 1 - (difference * difference) / n)) / n;
  return {
    low: Math.max(-1, difference / n - half),
    high: Math.min(1, difference / n + half),
  };
}

function normalTest(differences: readonly number[]): { interval: Interval; p: number } {
  const center = mean(differences);
  const error = Math.sqrt(variance(differences) / differences.length);
  const interval = {
    low: Math.max(-1, center - z95 * error),
    high: Math.min(1, center + z95 * error),
  };
  return { interval, p: error === 0 ? (center === 0 ? 1 : 0) : twoSidedP(center / error) };
}

/** Holm's correction: the chance of any false finding among all comparisons stays at 5 %. In the order given. */
export function holmAdjusted(ps: readonly number[]): number[] {
  const order = ps.map((_, at) => at).sort((x, y) => (ps[x] ?? 1) - (ps[y] ?? 1));
  const adjusted = [...ps];
  let largest = 0;
  for (const [rank, at] of order.entries()) {
    largest = Math.max(largest, Math.min(1, (ps[at] ?? 1) * (ps.length - rank)));
    adjusted[at] = largest;
  }
  return adjusted;
}

/** How many rows would show the observed difference with a power of 80 %; null where none is observed. */
export function rowsNeeded({ rows, only_a, only_b, difference }: PairedTest): number | null {
  if (difference === 0) return null;
  const discordant = Math.max((only_a + only_b) / rows, Math.abs(difference));
  const spread = Math.sqrt(Math.max(0, discordant - difference * difference));
  return Math.ceil(((z95 * Math.sqrt(discordant) + zPower * spread) / difference) ** 2);
}
