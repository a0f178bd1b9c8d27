/**
 * How loaded a database is, as this isolate sees it: each answer that is slow, and each rejection for
 * overload, makes new claims wait longer; fast answers and time shorten the wait. Running tasks do not wait,
 * so the work that D1 can take is finished and the rest stays in the queue.
 */
import { pressureLimits } from "../limits.ts";
import { isOverload } from "../platform/retries.ts";
import { originalOf } from "./counted_database.ts";

export class StorePressure {
  #delayMs = 0;
  #changedAt = 0;
  #overloadAt = 0;

  /** How long a claim should wait now. */
  delayMs(now: number): number {
    const halvings = (now - this.#changedAt) / pressureLimits.halfLifeMs;
    const delayMs = this.#delayMs / 2 ** halvings;
    return delayMs < pressureLimits.delayMsMin / 10 ? 0 : delayMs;
  }

  recordAnswer(tookMs: number, now: number): void {
    const isSlow = tookMs > pressureLimits.slowMs;
    this.#scale(isSlow ? pressureLimits.slowFactor : pressureLimits.fastFactor, now);
  }

  recordOverload(now: number): void {
    if (now - this.#overloadAt < pressureLimits.signMs) return;
    this.#overloadAt = now;
    this.#scale(pressureLimits.overloadFactor, now);
  }

  #scale(factor: number, now: number): void {
    const delayMs = this.delayMs(now);
    const from = factor > 1 ? Math.max(delayMs, pressureLimits.delayMsMin) : delayMs;
    this.#delayMs = Math.min(pressureLimits.delayMsMax, from * factor);
    this.#changedAt = now;
  }
}

const pressures = new WeakMap<D1Database, StorePressure>();

export function pressureOf(db: D1Database): StorePressure {
  const original = originalOf(db);
  const pressure = pressures.get(original) ?? new StorePressure();
  pressures.set(original, pressure);
  return pressure;
}

/** Runs one call and records what its answer says of the load. Other errors say nothing. */
export async function observed<T>(db: D1Database, call: () => Promise<T>): Promise<T> {
  const pressure = pressureOf(db);
  const startedAt = Date.now();
  try {
    const answer = await call();
    pressure.recordAnswer(Date.now() - startedAt, Date.now());
    return answer;
  } catch (error) {
    if (isOverload(error)) pressure.recordOverload(Date.now());
    throw error;
  }
}
