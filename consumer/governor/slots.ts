/**
 * The concurrency slots of one model, as values: one for each task in progress. There are as many as keep
 * the model's rate busy; one more task would only wait while its lease and its prefix cache expire.
 */
import { governorLimits } from "../../shared/limits.ts";

export interface Slot {
  task: string;
  /** When the slot expires unless its task shows activity, so that a crashed task frees it. */
  until: number;
  since: number;
  /** The time of its last granted call; null before its first. */
  calledAt: number | null;
  /** The start of its current cycle; null where the wait since then was not the task's own. */
  cycleFrom: number | null;
}

export interface Slots {
  /** The held slots, in the order in which they were taken. */
  held: readonly Slot[];
  /** Learned: the time from a task's call until it requests the next one. */
  cycleMs: number;
  /** Learned: the time between two freed slots; 0 before the first. */
  turnMs: number;
  /** When a slot was last freed; 0 where the time since then is not representative. */
  leftAt: number;
}

export const emptySlots: Slots = {
  held: [],
  cycleMs: governorLimits.cycleMsGuess,
  turnMs: 0,
  leftAt: 0,
};

/**
 * The number of slots at which calls are reserved `busyAheadMs` ahead, if each task calls once per cycle.
 * That is less than `aheadMsMax`, so no task in progress is rejected.
 */
export function slotsMax({ cycleMs }: Slots, intervalMs: number): number {
  return Math.max(1, Math.floor((cycleMs + governorLimits.busyAheadMs) / intervalMs));
}

export function dropExpired(slots: Slots, now: number): Slots {
  const heldSlots = slots.held.filter(({ until }) => until > now);
  return heldSlots.length === slots.held.length ? slots : { ...slots, held: heldSlots };
}

/** The index of a task's slot, in the order of arrival; -1 for a task without one. */
export function slotIndex({ held }: Slots, task: string): number {
  return held.findIndex((slot) => slot.task === task);
}

/** Slots that were taken a moment ago and whose task has not requested its first call yet. */
export function countWithoutCall({ held }: Slots, now: number): number {
  return held.filter(
    ({ calledAt, since }) => calledAt === null && now - since < governorLimits.firstCallMs,
  ).length;
}

export function takeOrExtend(slots: Slots, task: string, until: number, now: number): Slots {
  const index = slotIndex(slots, task);
  const slot: Slot = { task, until, since: now, calledAt: null, cycleFrom: null };
  if (index === -1) return { ...slots, held: [...slots.held, slot] };
  return updateSlot(slots, index, (before) => ({
    ...before,
    until: Math.max(before.until, until),
  }));
}

/** Records a granted call. */
export function recordCall(slots: Slots, task: string, at: number, now: number): Slots {
  const index = slotIndex(slots, task);
  const from = slots.held[index]?.cycleFrom ?? null;
  const cycleMs = from === null ? slots.cycleMs : movingMean(slots.cycleMs, now - from);
  const until = at + governorLimits.callMsMax + governorLimits.slotMs;
  return updateSlot({ ...slots, cycleMs }, index, (slot) => ({
    ...slot,
    calledAt: at,
    cycleFrom: at,
    until,
  }));
}

/** The task waits after a failed call or for a closed model. That time does not count as a cycle. */
export function recordWait(slots: Slots, task: string, until: number): Slots {
  return updateSlot(slots, slotIndex(slots, task), (slot) => ({ ...slot, until, cycleFrom: null }));
}

/** The endpoint replied: the slot now lasts until the task should have requested its next call. */
export function recordReply(slots: Slots, task: string, until: number): Slots {
  return updateSlot(slots, slotIndex(slots, task), (slot) => ({ ...slot, until }));
}

/** `isAwaited`: another task waits for the slot, so the time between two freed slots is representative. */
export function freeSlot(slots: Slots, task: string, now: number, isAwaited: boolean): Slots {
  const index = slotIndex(slots, task);
  const slot = slots.held[index];
  if (slot === undefined) return slots;
  return {
    held: slots.held.filter((_, position) => position !== index),
    cycleMs:
      slot.cycleFrom === null ? slots.cycleMs : movingMean(slots.cycleMs, now - slot.cycleFrom),
    turnMs: slots.leftAt > 0 ? movingMean(slots.turnMs, now - slots.leftAt) : slots.turnMs,
    leftAt: isAwaited ? now : 0,
  };
}

function updateSlot(slots: Slots, index: number, update: (slot: Slot) => Slot): Slots {
  const slot = slots.held[index];
  return slot === undefined ? slots : { ...slots, held: slots.held.with(index, update(slot)) };
}

/** An exponential moving mean over about twenty samples. Samples are capped: minutes are not a cycle. */
function movingMean(meanMs: number, sampleMs: number): number {
  const sample = Math.min(Math.max(0, sampleMs), governorLimits.cycleMsMax);
  return meanMs + (sample - meanMs) * governorLimits.learnShare;
}

/** Gives one task's slot to another; a task that has one already keeps it. */
export function renameSlot(slots: Slots, from: string, to: string): Slots {
  const remaining = slots.held.filter(({ task }) => task !== to || from === to);
  const moved = remaining.map((slot) => (slot.task === from ? { ...slot, task: to } : slot));
  return { ...slots, held: moved };
}
