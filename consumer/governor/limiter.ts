/**
 * What the governor of one model answers, as values: whether a new task may begin, whether a task in
 * progress may call, and what is learned. Tasks in progress go before new ones: a new one is admitted
 * only while those in progress leave slots untaken, and among new ones the first come is served first.
 */
import { governorLimits } from "../../shared/limits.ts";
import {
  freshPace,
  intervalOf,
  isHalfOpen,
  isProbing,
  learn,
  type Observation,
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
  placeOf,
  placesMax,
  type Slots,
  undecided,
  waiting,
} from "./slots.ts";
import { Waitlist } from "./waitlist.ts";

/** All that a governor knows. `line` is changed in place and may be lost; the rest is stored. */
export interface LimiterState {
  pace: Pace;
  places: Slots;
  line: Waitlist;
}

export const emptyState = (): LimiterState => ({
  pace: freshPace,
  places: noPlaces,
  line: new Waitlist(),
});

export interface PermitRequest {
  task: string;
  requestsPerMinute: number;
  /** How long the caller waits for its slot, where that is less than the longest wait there is. */
  patienceMs?: number;
}

/** `fresh`: the task took its place with this answer. `until`: when to ask again. */
export type Permit =
  | { granted: true; at: number; fresh: boolean }
  | { granted: false; until: number };

export interface LimiterAnswer {
  permit: Permit;
  book: LimiterState;
}

/** Whether a task may be claimed now. Takes a place and reserves no call. */
export function admit(before: LimiterState, ask: PermitRequest, now: number): LimiterAnswer {
  const book = { ...before, places: alive(before.places, now) };
  const held = placeOf(book.places, ask.task);
  if (held === -1) return newcomer(book, ask, now);
  const from = openFrom(book.pace, now);
  if (from - now > governorLimits.aheadMsMax) return putOff(book, ask, from);
  const places = hold(book.places, ask.task, now + governorLimits.slotMs, now);
  return { permit: { granted: true, at: from, fresh: false }, book: { ...book, places } };
}

function newcomer(book: LimiterState, ask: PermitRequest, now: number): LimiterAnswer {
  const { pace, places, line } = book;
  const intervalMs = intervalOf(ask.requestsPerMinute);
  const from = openFrom(pace, now);
  const aheadMs = Math.max(from, pace.nextAt) - now + undecided(places, now) * intervalMs;
  const probing = isProbing(pace, now) || (isHalfOpen(pace) && places.held.length > 0);
  const free = placesMax(places, intervalMs) - places.held.length;
  const fits = !probing && aheadMs <= governorLimits.busyAheadMs;
  if (!fits || free - line.dueBefore(ask.task, now) <= 0) return lineUp(book, ask, from, now);
  line.leave(ask.task);
  const taken = hold(places, ask.task, now + governorLimits.slotMs, now);
  return { permit: { granted: true, at: from, fresh: true }, book: { ...book, places: taken } };
}

/**
 * When a task that found no place is to come back: those whose turn is near within seconds, the others
 * after half of what they will have to wait, which guesses wrong without harm in both directions.
 */
function lineUp(
  book: LimiterState,
  { task, requestsPerMinute }: PermitRequest,
  from: number,
  now: number,
): LimiterAnswer {
  const rank = book.line.rankOf(task);
  const turnMs = Math.max(book.places.turnMs, intervalOf(requestsPerMinute)) / 2;
  const closed = from - now > governorLimits.aheadMsMax;
  const soonMs = closed ? 0 : governorLimits.retryMsMin;
  const waitMs = Math.min(governorLimits.retryMsMax, Math.max(soonMs, rank * turnMs));
  const until = Math.ceil((closed ? from : now) + waitMs);
  book.line.told(task, until, now);
  return { permit: { granted: false, until }, book };
}

/** The right to call. A task without a place is a new one, however it came to ask. */
export function grant(before: LimiterState, ask: PermitRequest, now: number): LimiterAnswer {
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
export function confirm(
  before: LimiterState,
  ask: PermitRequest & { at: number },
  now: number,
): LimiterAnswer {
  const gone = stands(before.pace, ask.at, now);
  if (gone !== null) return putOff(before, ask, gone.until);
  return { permit: { granted: true, at: ask.at, fresh: false }, book: before };
}

/** A task in progress keeps its place while it waits, and comes back in the order of the places. */
function putOff(book: LimiterState, ask: PermitRequest, from: number): LimiterAnswer {
  const turn = Math.max(0, placeOf(book.places, ask.task)) * intervalOf(ask.requestsPerMinute);
  const until = Math.ceil(from + turn);
  const places = waiting(book.places, ask.task, until + governorLimits.slotMs);
  return { permit: { granted: false, until }, book: { ...book, places } };
}

/** Learns how a call ended; its task keeps its place for as long as the model stays closed. */
export function record(
  before: LimiterState,
  task: string,
  heard: Observation,
  now: number,
): LimiterState {
  const pace = learn(before.pace, heard, now);
  const until = Math.max(now, pace.closedUntil) + governorLimits.slotMs;
  const note = heard.kind === "answered" ? called : waiting;
  const places = note(before.places, task, until);
  // While a model is closed no place is left, which says nothing of how fast they are.
  const closed = pace.closedAt !== before.pace.closedAt;
  return { ...before, pace, places: closed ? { ...places, leftAt: 0 } : places };
}

/** The task is no longer in progress: its place goes to the next. */
export function release(before: LimiterState, task: string, now: number): LimiterState {
  before.line.leave(task);
  return { ...before, places: leave(before.places, task, now, before.line.size > 0) };
}
