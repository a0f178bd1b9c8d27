/** Counts of many runs, added up. */
import type { FiredFault } from "./fault_injector.ts";

export interface RunReport {
  counts: Record<string, number>;
  /** By boundary and kind of fault: how often it fired, and how often it changed what the product did. */
  faults: Record<string, { fired: number; mattered: number }>;
  outcomes: Record<string, number>;
}

export const emptyReport = (): RunReport => ({ counts: {}, faults: {}, outcomes: {} });

export function reportOf(
  fired: readonly FiredFault[],
  counts: Readonly<Record<string, number>>,
  ends: readonly string[],
): RunReport {
  const tally = emptyReport();
  Object.assign(tally.counts, counts);
  for (const { boundary, kind, mattered } of fired) {
    addFault(tally, `${boundary} ${kind}`, 1, mattered ? 1 : 0);
  }
  for (const end of ends) tally.outcomes[end] = (tally.outcomes[end] ?? 0) + 1;
  return tally;
}

export function addReport(sum: RunReport, report: RunReport): void {
  for (const [name, n] of Object.entries(report.counts))
    sum.counts[name] =
      name === "busiest" ? Math.max(sum.counts[name] ?? 0, n) : (sum.counts[name] ?? 0) + n;
  for (const [name, n] of Object.entries(report.outcomes))
    sum.outcomes[name] = (sum.outcomes[name] ?? 0) + n;
  for (const [name, { fired, mattered }] of Object.entries(report.faults)) {
    addFault(sum, name, fired, mattered);
  }
}

function addFault(tally: RunReport, name: string, fired: number, mattered: number): void {
  const cell = tally.faults[name] ?? { fired: 0, mattered: 0 };
  tally.faults[name] = { fired: cell.fired + fired, mattered: cell.mattered + mattered };
}
