/**
 * Simulated time. The product reads two clocks, D1's and the Worker's. Both are moved, so hours pass without a sleep
 * and a running slice can outlive its lease.
 */
import { vi } from "vitest";
import { nowSql } from "../../../shared/store/clock.ts";

/** Bound at import time, because an interrupted run may leave a mock. */
const realNow = Date.now.bind(Date);

export class Clock {
  #offsetMs = 0;

  /** `skewMs`: how far the Worker's clock is ahead of D1's. */
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

  /** Replaces D1's clock in a statement with the simulated one. */
  simulated(sql: string): string {
    return sql.replaceAll(nowSql, `(${nowSql} + ${this.#offsetMs})`);
  }
}

/** Timers that are shorter than this run a hundred times faster. */
const shortPauseMs = 5_000;

export function shortenPauses(): void {
  const real = globalThis.setTimeout;
  vi.stubGlobal("setTimeout", (call: () => void, ms = 0) =>
    real(call, ms < shortPauseMs ? ms / 100 : ms),
  );
}
