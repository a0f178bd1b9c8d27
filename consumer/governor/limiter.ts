/**
 * What the governor of one model answers, as values: whether a new task may begin, whether a task in
 * progress may call, and what is learned. Tasks in progress go before new ones: a new one is admitted
 * only while those in progress leave slots untaken, and among new ones the first come is served first.
 */
import { governorLimits } from "../../shared/limits.ts";
import {
  freshPace,
  type Heard,
  intervalOf,
  isHalfOpen,
  isProbing,
  learn,
  openFrom,
  type Pace,
  reserve,
  stands,
} from "./pace.ts";
import {
  alive,
  called,
  calling,
  hold,
  leave,
  noPlaces,
  type Places,
  placeOf,
  placesMax,
  undecided,
  waiting,
} from "./slots.ts";
import { Line } from "./waitlist.ts";

/** All that a governor knows. `line` is changed in place and may be lost; the rest is stored. */
export interface Book {
  pace: Pace;
  places: Places;
  line: Line;
}

export const emptyBook = (): Book => ({ pace: freshPace, places: noPlaces, line: new Line() });

export interface Ask {
  task: string;
  requestsPerMinute: number;
  /** How long the caller waits for its slot, where that is less than the longest wait there is. */
  patienceMs?: number;
}

/** `fresh`: the task took its place with this answer. `until`: when to ask again. */
export type Permit =
  | { granted: true; at: number; fresh: boolean }
  | { granted: false; until: number };

export interface Answered {
  permit: Permit;
  book: Book;
}

/** Whether a task may be claimed now. Takes a place and reserves no call. */
export function admit(before: Book, ask: Ask, now: number): Answered {
  const book = { ...before, places: alive(before.places, now) };
  const held = placeOf(book.places, ask.task);
  if (held === -1) return newcomer(book, ask, now);
  const from = openFrom(book.pace, now);
  if (from - now > governorLimits.aheadMsMax) return putOff(book, ask, from);
  const places = hold(book.places, ask.task, now + governorLimits.placeMs, now);
  return { permit: { granted: true, at: from, fresh: false }, book: { ...book, places } };
}

function newcomer(book: Book, ask: Ask, now: number): Answered {
  const { pace, places, line } = book;
  const intervalMs = intervalOf(ask.requestsPerMinute);
  const from = openFrom(pace, now);
  const aheadMs = Math.max(from, pace.nextAt) - now + undecided(places, now) * intervalMs;
  const probing = isProbing(pace, now) || (isHalfOpen(pace) && places.held.length > 0);
  const free = placesMax(places, intervalMs) - places.held.length;
  const fits = !probing && aheadMs <= governorLimits.busyAheadMs;
  if (!fits || free - line.dueBefore(ask.task, now) <= 0) return lineUp(book, ask, from, now);
  line.leave(ask.task);
  const taken = hold(places, ask.task, now + governorLimits.placeMs, now);
  return { permit: { granted: true, at: from, fresh: true }, book: { ...book, places: taken } };
}

/**
 * When a task that found no place is to come back: those whose turn is near within seconds, the others
 * after half of what they will have to wait, which guesses wrong without harm in both directions.
 */
function lineUp(book: Book, { task, requestsPerMinute }: Ask, from: number, now: number): Answered {
  const rank = book.line.rankOf(task);
  const turnMs = Math.max(book.places.turnMs, intervalOf(requestsPerMinute)) / 2;
  const closed = from - now > governorLimits.aheadMsMax;
  const soonMs = closed ? 0 : governorLimits.comeBackMsMin;
  const waitMs = Math.min(governorLimits.comeBackMsMax, Math.max(soonMs, rank * turnMs));
  const until = Math.ceil((closed ? from : now) + waitMs);
  book.line.told(task, until, now);
  return { permit: { granted: false, until }, book };
}

/** The right to call. A task without a place is a new one, however it came to ask. */
export function permit(before: Book, ask: Ask, now: number): Answered {
  const admitted = admit(before, ask, now);
  if (!admitted.permit.granted) return admitted;
  const { book } = admitted;
  const grant = reserve(book.pace, ask.requestsPerMinute, now, ask.patienceMs);
  if (!grant.granted) return putOff(book, ask, grant.until);
  const places = calling(book.places, ask.task, grant.at, now);
  return {
    permit: { granted: true, at: grant.at, fresh: admitted.permit.fresh },
    book: { ...book, pace: grant.pace, places },
  };
}

/** Asked at the time of a slot that was reserved ahead: the model may have been closed meanwhile. */
export function confirm(before: Book, ask: Ask & { at: number }, now: number): Answered {
  const gone = stands(before.pace, ask.at, now);
  if (gone !== null) return putOff(before, ask, gone.until);
  return { permit: { granted: true, at: ask.at, fresh: false }, book: before };
}

/** A task in progress keeps its place while it waits, and comes back in the order of the places. */
function putOff(book: Book, ask: Ask, from: number): Answered {
  const turn = Math.max(0, placeOf(book.places, ask.task)) * intervalOf(ask.requestsPerMinute);
  const until = Math.ceil(from + turn);
  const places = waiting(book.places, ask.task, until + governorLimits.placeMs);
  return { permit: { granted: false, until }, book: { ...book, places } };
}

/** Learns how a call ended; its task keeps its place for as long as the model stays closed. */
export function hear(before: Book, task: string, heard: Heard, now: number): Book {
  const pace = learn(before.pace, heard, now);
  const until = Math.max(now, pace.closedUntil) + governorLimits.placeMs;
  const note = heard.kind === "answered" ? called : waiting;
  const places = note(before.places, task, until);
  // While a model is closed no place is left, which says nothing of how fast they are.
  const closed = pace.closedAt !== before.pace.closedAt;
  return { ...before, pace, places: closed ? { ...places, leftAt: 0 } : places };
}

/** The task is no longer in progress: its place goes to the next. */
export function depart(before: Book, task: string, now: number): Book {
  before.line.leave(task);
  return { ...before, places: leave(before.places, task, now, before.line.size > 0) };
}
