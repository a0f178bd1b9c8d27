/** The share of right answers over rows that were each tried equally often, and how sure it is. */
import { z95 } from "./normal.ts";

export interface Interval {
  low: number;
  high: number;
}

/**
 * Wilson's score interval at 95 %: it keeps its coverage for small samples and near 0 and 1, where the
 * normal approximation does not. `n` may be an effective sample size.
 */
export function wilsonInterval(share: number, n: number): Interval {
  if (n <= 0) return { low: 0, high: 1 };
  const z2 = z95 * z95;
  const center = share + z2 / (2 * n);
  const half = z95 * Math.sqrt((share * (1 - share)) / n + z2 / (4 * n * n));
  const scale = 1 + z2 / n;
  return {
    low: Math.max(0, (center - half) / scale),
    high: Math.min(1, (center + half) / scale),
  };
}

export const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

/** The variance of a sample, with n − 1. */
export function variance(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const center = mean(values);
  return values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (values.length - 1);
}

/**
 * The accuracy of rows that were each tried `samples` times; `shares` holds each row's share of right
 * answers. Tries of one row resemble each other, so they count as fewer than as many rows (design effect).
 */
export function accuracyOf(
  shares: readonly number[],
  samples: number,
): { accuracy: number; interval: Interval } {
  const rows = shares.length;
  const accuracy = mean(shares);
  const independent = (accuracy * (1 - accuracy)) / (rows * samples);
  const observed = variance(shares) / rows;
  const tries = rows * samples;
  const effective = observed === 0 ? tries : tries * (independent / observed);
  const n = Math.min(tries, Math.max(rows, effective));
  return { accuracy, interval: wilsonInterval(accuracy, n) };
}

/**
 * pass^j for j = 1 … samples: the chance that j tries of one row are all right, without bias
 * (C(right, j) / C(samples, j), averaged over the rows).
 */
export function passPowers(rightOfRows: readonly number[], samples: number): number[] {
  return Array.from({ length: samples }, (_, at) =>
    mean(
      rightOfRows.map((right) => {
        let chance = 1;
        for (let drawn = 0; drawn <= at; drawn++)
          chance *= Math.max(0, right - drawn) / (samples - drawn);
        return chance;
      }),
    ),
  );
}

/** The value below which the share `q` of the values lies, by linear interpolation; null without values. */
export function quantile(values: readonly number[], q: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * q;
  const low = sorted[Math.floor(place)];
  const high = sorted[Math.ceil(place)];
  if (low === undefined || high === undefined) return null;
  return low + (high - low) * (place - Math.floor(place));
}
