/** Counts of many runs, added up: what was injected, how often it fired, how often it mattered. */
import type { Fired } from "./saboteur.ts";

export interface Tally {
  counts: Record<string, number>;
  /** By boundary and kind: how often it fired and how often it changed what the product did. */
  faults: Record<string, { fired: number; mattered: number }>;
  ends: Record<string, number>;
}

export const noTally = (): Tally => ({ counts: {}, faults: {}, ends: {} });

export function tallyOf(
  fired: readonly Fired[],
  counts: Readonly<Record<string, number>>,
  ends: readonly string[],
): Tally {
  const tally = noTally();
  Object.assign(tally.counts, counts);
  for (const { boundary, kind, mattered } of fired) {
    count(tally, `${boundary} ${kind}`, 1, mattered ? 1 : 0);
  }
  for (const end of ends) tally.ends[end] = (tally.ends[end] ?? 0) + 1;
  return tally;
}

export function addTally(sum: Tally, more: Tally): void {
  for (const [name, n] of Object.entries(more.counts))
    sum.counts[name] =
      name === "busiest" ? Math.max(sum.counts[name] ?? 0, n) : (sum.counts[name] ?? 0) + n;
  for (const [name, n] of Object.entries(more.ends)) sum.ends[name] = (sum.ends[name] ?? 0) + n;
  for (const [name, { fired, mattered }] of Object.entries(more.faults)) {
    count(sum, name, fired, mattered);
  }
}

function count(tally: Tally, name: string, fired: number, mattered: number): void {
  const cell = tally.faults[name] ?? { fired: 0, mattered: 0 };
  tally.faults[name] = { fired: cell.fired + fired, mattered: cell.mattered + mattered };
}
