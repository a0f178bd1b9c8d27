/**
 * The tasks that wait for a place: first come, first served. Nobody stands here; each was told when to
 * come back and keeps its rank meanwhile. The line is in memory alone: an eviction of the object costs the
 * order of those that wait, never a task. It is changed in place, because a copy of thousands for each
 * question would take more of the object's time than all it does for them.
 */
import { governorLimits } from "../../shared/limits.ts";

interface Waiter {
  /** Counts those that ever asked. */
  ticket: number;
  /** When it was told to come back. */
  dueAt: number;
}

export class Waitlist {
  /** In the order in which they first asked. */
  readonly #waiters = new Map<string, Waiter>();
  #tickets = 0;

  get size(): number {
    return this.#waiters.size;
  }

  /** How many asked before and wait still, and a few that left from the middle; all, for one that is new. */
  rankOf(task: string): number {
    const waiter = this.#waiters.get(task);
    const [first] = this.#waiters.values();
    return waiter === undefined || first === undefined ? this.size : waiter.ticket - first.ticket;
  }

  /**
   * How many that asked before are due about now. A free place is kept for them and for nobody who comes
   * later than he should: a place that waits for the absent is a call that nobody makes.
   */
  dueBefore(task: string, now: number): number {
    const { dueEarlyMs, dueLateMs, waitlistScanMax: lookMax } = governorLimits;
    let due = 0;
    let looked = 0;
    for (const [name, { dueAt }] of this.#waiters) {
      if (name === task || ++looked > lookMax) break;
      if (dueAt <= now + dueEarlyMs && dueAt > now - dueLateMs) due += 1;
    }
    return due;
  }

  /** How many are still expected; whoever comes this late will not come any more. */
  awaited(now: number): number {
    let awaited = 0;
    for (const { dueAt } of this.#waiters.values()) {
      if (dueAt > now - governorLimits.waitlistExpiryMs) awaited += 1;
    }
    return awaited;
  }

  /** Notes when a task was told to come back. A full line does not grow: whoever comes then keeps no rank. */
  told(task: string, dueAt: number, now: number): void {
    this.#dropLost(now);
    const waiter = this.#waiters.get(task);
    if (waiter !== undefined) waiter.dueAt = dueAt;
    else if (this.size < governorLimits.waitlistMax) {
      this.#waiters.set(task, { ticket: this.#tickets++, dueAt });
    }
  }

  leave(task: string): void {
    this.#waiters.delete(task);
  }

  /** Those at the head that did not come: they were cancelled, expired, or served elsewhere. */
  #dropLost(now: number): void {
    for (const [task, { dueAt }] of this.#waiters) {
      if (dueAt > now - governorLimits.waitlistExpiryMs) return;
      this.#waiters.delete(task);
    }
  }
}
