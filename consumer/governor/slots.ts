/**
 * The tasks that one model has in progress, as values. Each holds a place; there are as many as keep the
 * model's rate busy and no more, because a task beyond that only waits with its lease, its slice and its
 * prefix cache running out.
 */
import { governorLimits } from "../../shared/limits.ts";

export interface Place {
  task: string;
  /** When the place is free again unless its task gives a sign of life: a crash takes it no longer. */
  until: number;
  since: number;
  /** The slot of its last call; null before its first. */
  calledAt: number | null;
  /** From when its cycle is measured; null where the wait since then was not the task's own. */
  cycleFrom: number | null;
}

export interface Slots {
  /** In the order in which they were taken. */
  held: readonly Place[];
  /** Learned: how long a task takes from one call's slot until it asks for the next. */
  cycleMs: number;
  /** Learned: how long it takes until one of the places is left; 0 before the first was. */
  turnMs: number;
  /** When one was left last; 0 where the time since then says nothing of how fast places turn. */
  leftAt: number;
}

export const noPlaces: Slots = {
  held: [],
  cycleMs: governorLimits.cycleMsGuess,
  turnMs: 0,
  leftAt: 0,
};

/**
 * How many places there are: with so many tasks, each asking again after a cycle, the slots are taken
 * `busyAheadMs` ahead. That is short of the furthest slot there is, so nobody in progress is turned away.
 */
export function placesMax({ cycleMs }: Slots, intervalMs: number): number {
  return Math.max(1, Math.floor((cycleMs + governorLimits.busyAheadMs) / intervalMs));
}

/** Without those that ran out. */
export function alive(places: Slots, now: number): Slots {
  const held = places.held.filter(({ until }) => until > now);
  return held.length === places.held.length ? places : { ...places, held };
}

/** Its number in the order of arrival; -1 for a task that has no place. */
export function placeOf({ held }: Slots, task: string): number {
  return held.findIndex((place) => place.task === task);
}

/** Places that were taken a moment ago and whose task has not asked for its first call yet. */
export function undecided({ held }: Slots, now: number): number {
  return held.filter(
    ({ calledAt, since }) => calledAt === null && now - since < governorLimits.firstCallMs,
  ).length;
}

/** Takes a place, or holds it on. */
export function hold(places: Slots, task: string, until: number, now: number): Slots {
  const at = placeOf(places, task);
  const taken: Place = { task, until, since: now, calledAt: null, cycleFrom: null };
  if (at === -1) return { ...places, held: [...places.held, taken] };
  return changed(places, at, (place) => ({ ...place, until: Math.max(place.until, until) }));
}

/** Notes a granted call. */
export function calling(places: Slots, task: string, at: number, now: number): Slots {
  const n = placeOf(places, task);
  const from = places.held[n]?.cycleFrom ?? null;
  const cycleMs = from === null ? places.cycleMs : learned(places.cycleMs, now - from);
  const until = at + governorLimits.callMsMax + governorLimits.slotMs;
  return changed({ ...places, cycleMs }, n, (place) => ({
    ...place,
    calledAt: at,
    cycleFrom: at,
    until,
  }));
}

/** The task waits: for an answer that did not come, or for a model that is closed. That is no cycle. */
export function waiting(places: Slots, task: string, until: number): Slots {
  return changed(places, placeOf(places, task), (place) => ({ ...place, until, cycleFrom: null }));
}

/** A call was answered: from now on the place lasts as long as it takes to come back for the next. */
export function called(places: Slots, task: string, until: number): Slots {
  return changed(places, placeOf(places, task), (place) => ({ ...place, until }));
}

/** Gives a place up. `awaited`: somebody waits for it, so that its leaving says how fast places turn. */
export function leave(places: Slots, task: string, now: number, awaited: boolean): Slots {
  const n = placeOf(places, task);
  const place = places.held[n];
  if (place === undefined) return places;
  return {
    held: places.held.filter((_, index) => index !== n),
    cycleMs:
      place.cycleFrom === null ? places.cycleMs : learned(places.cycleMs, now - place.cycleFrom),
    turnMs: places.leftAt > 0 ? learned(places.turnMs, now - places.leftAt) : places.turnMs,
    leftAt: awaited ? now : 0,
  };
}

function changed(places: Slots, n: number, change: (place: Place) => Place): Slots {
  const place = places.held[n];
  return place === undefined ? places : { ...places, held: places.held.with(n, change(place)) };
}

/** A running mean that follows within some twenty samples. A wait of minutes is no cycle of a task. */
function learned(meanMs: number, sampleMs: number): number {
  const sample = Math.min(Math.max(0, sampleMs), governorLimits.cycleMsMax);
  return meanMs + (sample - meanMs) * governorLimits.learnShare;
}
