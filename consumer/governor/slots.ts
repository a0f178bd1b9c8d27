/**
 * The concurrency slots of one model: one for each task in progress. There are as many as keep the model's
 * rate busy; one more task would only wait while its lease and its prefix cache expire. Slots are only in
 * memory and are mutated, because a model of 30,000 requests a minute has thousands. Of a lost memory the
 * number of slots remains: tasks in progress take theirs again with their next request.
 */
import { governorLimits } from "../../shared/limits.ts";

interface Slot {
  /** When the slot expires unless its task shows activity, so that a crashed task frees it. */
  until: number;
  /** The start of its current cycle; null where the wait since then was not the task's own. */
  cycleFrom: number | null;
  /** No worker runs the task: the one that its message opens continues in this slot. */
  isPaused?: boolean;
}

/** What is stored of the slots. */
export interface StoredSlots {
  count: number;
  cycleMs: number;
  turnMs: number;
}

export class Slots {
  /** Learned: the time from a task's call until it requests the next one. */
  cycleMs: number = governorLimits.cycleMsGuess;
  /** Learned: the time between two workers that start, while others wait to; 0 before the first. */
  turnMs = 0;
  /** When a worker last started; 0 where the time since then is not representative. */
  turnFrom = 0;
  /** By task, or by the name that an admission chose, in the order in which they were taken. */
  readonly #held = new Map<string, Slot>();
  /** Tasks that have not requested their first call yet, with the time of their admission. */
  readonly #withoutCall = new Map<string, number>();
  /** Slots of tasks that a lost memory does not name any more. */
  #lost = { count: 0, until: 0 };
  /** No slot expires before this time, so until then none is looked at. */
  #firstExpiry = Number.POSITIVE_INFINITY;

  /** The slots as they were stored. */
  static restore(stored: StoredSlots, now: number): Slots {
    const slots = new Slots();
    slots.cycleMs = stored.cycleMs;
    slots.turnMs = stored.turnMs;
    slots.#lost = { count: stored.count, until: now + governorLimits.slotMs };
    return slots;
  }

  toStored(now: number): StoredSlots {
    return { count: this.countAt(now), cycleMs: this.cycleMs, turnMs: this.turnMs };
  }

  /**
   * The number of slots at which calls are reserved `busyAheadMs` ahead, if each task calls once per cycle.
   * That is less than `aheadMsMax`, so no task in progress is rejected.
   */
  max(intervalMs: number): number {
    return Math.max(1, Math.floor((this.cycleMs + governorLimits.busyAheadMs) / intervalMs));
  }

  /** The number of slots that are taken at `now`; expired ones are not counted, and not removed either. */
  countAt(now: number): number {
    const lost = this.#lost.until > now ? this.#lost.count : 0;
    if (now < this.#firstExpiry) return this.#held.size + lost;
    return [...this.#held.values()].filter(({ until }) => until > now).length + lost;
  }

  has(task: string): boolean {
    return this.#held.has(task);
  }

  /** How many slots were taken before this task's; 0 for a task without one. */
  rankOf(task: string): number {
    let rank = 0;
    for (const name of this.#held.keys()) {
      if (name === task) return rank;
      rank += 1;
    }
    return 0;
  }

  /** Slots that were taken a moment ago and whose task has not requested its first call yet. */
  countWithoutCall(now: number): number {
    for (const [task, since] of this.#withoutCall) {
      if (now - since < governorLimits.firstCallMs) break;
      this.#withoutCall.delete(task);
    }
    return this.#withoutCall.size;
  }

  dropExpired(now: number): void {
    if (this.#lost.until <= now) this.#lost = { count: 0, until: 0 };
    if (now < this.#firstExpiry) return;
    this.#firstExpiry = Number.POSITIVE_INFINITY;
    for (const [task, { until }] of this.#held) {
      if (until <= now) this.#remove(task);
      else this.#firstExpiry = Math.min(this.#firstExpiry, until);
    }
  }

  take(task: string, now: number): void {
    this.#withoutCall.set(task, now);
    this.#set(task, { until: now + governorLimits.slotMs, cycleFrom: null });
  }

  /** Gives a task in progress its slot again where a lost memory does not name it; false where none is left. */
  takeLost(task: string, now: number): boolean {
    if (this.#lost.count === 0 || this.#lost.until <= now) return false;
    this.#lost.count -= 1;
    this.#set(task, { until: now + governorLimits.slotMs, cycleFrom: null });
    return true;
  }

  extend(task: string, until: number): void {
    const slot = this.#held.get(task);
    if (slot !== undefined) this.#set(task, { ...slot, until: Math.max(slot.until, until) });
  }

  /** Records a granted call. */
  recordCall(task: string, at: number, now: number): void {
    const slot = this.#held.get(task);
    if (slot === undefined) return;
    if (slot.cycleFrom !== null) this.cycleMs = movingMean(this.cycleMs, now - slot.cycleFrom);
    this.#withoutCall.delete(task);
    const until = at + governorLimits.callMsMax + governorLimits.slotMs;
    this.#set(task, { until, cycleFrom: at });
  }

  /** The task waits after a failed call or for a closed model. That time does not count as a cycle. */
  recordWait(task: string, until: number): void {
    if (this.#held.has(task)) this.#set(task, { until, cycleFrom: null });
  }

  /** The endpoint replied: the slot now lasts until the task should have requested its next call. */
  recordReply(task: string, until: number): void {
    const slot = this.#held.get(task);
    if (slot !== undefined) this.#set(task, { ...slot, until });
  }

  free(task: string, now: number): void {
    const slot = this.#held.get(task);
    if (slot === undefined) {
      if (this.#lost.count > 0) this.#lost.count -= 1;
      return;
    }
    this.#remove(task);
    if (slot.cycleFrom !== null) this.cycleMs = movingMean(this.cycleMs, now - slot.cycleFrom);
  }

  /** A worker starts. `isAwaited`: others still wait to, so the time until the next one is representative. */
  recordTurn(now: number, isAwaited: boolean): void {
    const turnMs = now - this.turnFrom;
    if (this.turnFrom > 0) this.turnMs = movingMean(this.turnMs || turnMs, turnMs);
    this.turnFrom = isAwaited ? now : 0;
  }

  /** No worker runs the task now. */
  pause(slot: string, task: string): void {
    this.rename(slot, task);
    const paused = this.#held.get(task);
    if (paused !== undefined) this.#held.set(task, { ...paused, isPaused: true });
  }

  /** A worker continues in the slot of a paused task; false where the task has none, or another one runs it. */
  resume(task: string, slot: string): boolean {
    const paused = this.#held.get(task);
    if (paused?.isPaused !== true) return false;
    this.#held.set(task, { ...paused, isPaused: false });
    this.rename(task, slot);
    return true;
  }

  /** Gives one task's slot to another; a task that has one already keeps one. */
  rename(from: string, to: string): void {
    const slot = this.#held.get(from);
    if (slot === undefined || from === to) return;
    const since = this.#withoutCall.get(from);
    this.#remove(from);
    this.#set(to, slot);
    if (since !== undefined) this.#withoutCall.set(to, since);
  }

  #set(task: string, slot: Slot): void {
    this.#held.set(task, slot);
    this.#firstExpiry = Math.min(this.#firstExpiry, slot.until);
  }

  #remove(task: string): void {
    this.#held.delete(task);
    this.#withoutCall.delete(task);
  }
}

/** An exponential moving mean over about twenty samples. Samples are capped: minutes are not a cycle. */
function movingMean(meanMs: number, sampleMs: number): number {
  const sample = Math.min(Math.max(0, sampleMs), governorLimits.cycleMsMax);
  return meanMs + (sample - meanMs) * governorLimits.learnShare;
}
