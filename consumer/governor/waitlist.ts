/**
 * The tasks that wait for a slot, first come, first served. Each has a time to come back and keeps its rank
 * until then. The list is only in memory: an eviction of the object costs the order, never a task. It is
 * mutated, because copying thousands of entries for each request would cost more than everything else.
 */
import { governorLimits } from "../../shared/limits.ts";

interface Waiter {
  /** The sequence number of its first request. */
  ticket: number;
  /** When the task should come back. */
  dueAt: number;
}

export class Waitlist {
  /** The waiting tasks, in the order of their first requests. */
  readonly #waiters = new Map<string, Waiter>();
  #tickets = 0;

  get size(): number {
    return this.#waiters.size;
  }

  /** How many tasks are before this one, a few that left included; the whole list for a new task. */
  rankOf(task: string): number {
    const waiter = this.#waiters.get(task);
    const [first] = this.#waiters.values();
    return waiter === undefined || first === undefined ? this.size : waiter.ticket - first.ticket;
  }

  /**
   * How many earlier tasks are due about now. A free slot is reserved for them, but not for a task that is
   * late: a slot that waits for an absent task is a call that is never made.
   */
  countDueBefore(task: string, now: number): number {
    const { dueEarlyMs, dueLateMs, waitlistScanMax } = governorLimits;
    let due = 0;
    let scanned = 0;
    for (const [name, { dueAt }] of this.#waiters) {
      if (name === task || ++scanned > waitlistScanMax) break;
      if (dueAt <= now + dueEarlyMs && dueAt > now - dueLateMs) due += 1;
    }
    return due;
  }

  /** How many tasks are still expected to come back. */
  countWaiting(now: number): number {
    let waiting = 0;
    for (const { dueAt } of this.#waiters.values()) {
      if (dueAt > now - governorLimits.waitlistExpiryMs) waiting += 1;
    }
    return waiting;
  }

  /** Sets when a task should come back; false where the list is full and takes no new task. */
  add(task: string, dueAt: number, now: number, sizeMax: number): boolean {
    this.#dropExpired(now);
    const waiter = this.#waiters.get(task);
    if (waiter === undefined && this.size >= sizeMax) return false;
    if (waiter === undefined) this.#waiters.set(task, { ticket: this.#tickets++, dueAt });
    else waiter.dueAt = dueAt;
    return true;
  }

  remove(task: string): void {
    this.#waiters.delete(task);
  }

  /** Drops tasks at the head that did not come back: they were cancelled, expired, or served elsewhere. */
  #dropExpired(now: number): void {
    for (const [task, { dueAt }] of this.#waiters) {
      if (dueAt > now - governorLimits.waitlistExpiryMs) return;
      this.#waiters.delete(task);
    }
  }
}
