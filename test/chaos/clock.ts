/**
 * Simulated time. The product asks two clocks, D1's and the Worker's; both are moved from outside, so an
 * hour passes without a sleep and a slice that is at work meanwhile outlives its lease.
 */
import { vi } from "vitest";
import { nowSql } from "../../shared/store/clock.ts";

/** The machine's, kept before anything stands in for it: a run that was cut off may leave its own behind. */
const realNow = Date.now.bind(Date);

export class Clock {
  #offsetMs = 0;

  /** `skewMs`: how far the Workers' clock is ahead of D1's. */
  constructor(skewMs: number) {
    vi.spyOn(Date, "now").mockImplementation(() => this.now() + skewMs);
  }

  /** D1's time, in milliseconds. */
  now(): number {
    return realNow() + this.#offsetMs;
  }

  advance(ms: number): void {
    this.#offsetMs += ms;
  }

  /** A statement that reads the simulated clock where the product's reads D1's. */
  simulated(sql: string): string {
    return sql.replaceAll(nowSql, `(${nowSql} + ${this.#offsetMs})`);
  }
}

/** Pauses of the product shorter than this many milliseconds take a hundredth of their time. */
const shortPauseMs = 5_000;

export function shortenPauses(): void {
  const real = globalThis.setTimeout;
  vi.stubGlobal("setTimeout", (call: () => void, ms = 0) =>
    real(call, ms < shortPauseMs ? ms / 100 : ms),
  );
}
