import { sandboxLimits } from "../../../../shared/limits.ts";

/** What the event loop must do next about timers. */
export type Due = { kind: "fire"; id: number } | { kind: "wait"; ms: number } | { kind: "none" };

/**
 * The program's timers on a clock of its own. Waits are real up to a total for each run, so
 * that a pause between two requests is one; beyond it the clock jumps ahead when nothing
 * else is awaited, so that a long sleep neither hangs nor holds a place.
 */
export class Timers {
  readonly #dueAt = new Map<number, number>();
  /** Timers that do not keep the program alive. */
  readonly #unref = new Set<number>();
  #aheadMs = 0;
  #sleptMs = 0;

  /** The program's time, in milliseconds since 1970. */
  now(): number {
    return Date.now() + this.#aheadMs;
  }

  set(value: unknown): void {
    const [id, delay, isRef = 1] = Array.isArray(value) ? value.map(Number) : [];
    if (id === undefined || this.#dueAt.size >= sandboxLimits.timersMax) return;
    if (isRef === 0) this.#unref.add(id);
    this.#dueAt.set(id, this.now() + Math.max(1, delay || 0));
  }

  clear(value: unknown): void {
    if (!Array.isArray(value)) return;
    this.#dueAt.delete(Number(value[0]));
    this.#unref.delete(Number(value[0]));
  }

  setRef(value: unknown): void {
    const [id, isRef] = Array.isArray(value) ? value.map(Number) : [];
    if (id === undefined) return;
    if (isRef === 0) this.#unref.add(id);
    else this.#unref.delete(id);
  }

  /**
   * The next timer, when it is due; else how long to wait. `isIdle`: nothing else is awaited. `isSettled`:
   * the program has ended, and timers without a reference no longer fire by themselves.
   */
  take(isIdle: boolean, isSettled: boolean): Due {
    let next: { id: number; dueAt: number } | null = null;
    for (const [id, dueAt] of this.#dueAt)
      if (next === null || dueAt < next.dueAt) next = { id, dueAt: dueAt };
    if (next === null) return { kind: "none" };
    if (isIdle && isSettled && this.#dueAt.size <= this.#unref.size) return { kind: "none" };
    const ms = next.dueAt - this.now();
    if (ms > 0) {
      const msLeft = sandboxLimits.sleepMsMax - this.#sleptMs;
      if (!isIdle) return { kind: "wait", ms };
      // setTimeout(f, 0) asks for one millisecond, which does not mean a real wait.
      if (ms > 1 && msLeft > 0) {
        this.#sleptMs += Math.min(ms, msLeft);
        return { kind: "wait", ms: Math.min(ms, msLeft) };
      }
      this.#aheadMs += ms;
    }
    this.#dueAt.delete(next.id);
    this.#unref.delete(next.id);
    return { kind: "fire", id: next.id };
  }
}
