/**
 * The decisions of one model's governor, as values: whether a new task may start, whether a task in
 * progress may call, and what outcomes teach. Tasks in progress have priority: a new task is admitted only
 * while they leave calls unused, and new tasks are served in the order of arrival.
 */
import { governorLimits } from "../../shared/limits.ts";
import {
  blockedUntil,
  initialPace,
  intervalOf,
  isHalfOpen,
  isProbing,
  type Observation,
  observe,
  openFrom,
  type Pace,
  reserve,
} from "./pace.ts";
import {
  countWithoutCall,
  dropExpired,
  emptySlots,
  freeSlot,
  recordCall,
  recordReply,
  recordWait,
  renameSlot,
  type Slots,
  slotIndex,
  slotsMax,
  takeOrExtend,
} from "./slots.ts";
import { Waitlist } from "./waitlist.ts";

/** `waitlist` is mutated and may be lost; the rest is stored. */
export interface LimiterState {
  pace: Pace;
  slots: Slots;
  waitlist: Waitlist;
}

export const emptyState = (): LimiterState => ({
  pace: initialPace,
  slots: emptySlots,
  waitlist: new Waitlist(),
});

export interface PermitRequest {
  task: string;
  requestsPerMinute: number;
  /** How long the caller waits for its call, where that is less than `aheadMsMax`. */
  patienceMs?: number;
}

/** `isNew`: this decision gave the task its slot. `until`: when to request again. */
export type Permit =
  | { granted: true; at: number; isNew: boolean }
  | { granted: false; until: number };

export interface LimiterAnswer {
  permit: Permit;
  state: LimiterState;
}

/** Whether a task may be claimed now. Takes a slot and reserves no call. */
export function admit(before: LimiterState, request: PermitRequest, now: number): LimiterAnswer {
  const state = { ...before, slots: dropExpired(before.slots, now) };
  if (slotIndex(state.slots, request.task) === -1) return admitNew(state, request, now);
  const from = openFrom(state.pace, now);
  if (from - now > governorLimits.aheadMsMax) return defer(state, request, from);
  const slots = takeOrExtend(state.slots, request.task, now + governorLimits.slotMs, now);
  return { permit: { granted: true, at: from, isNew: false }, state: { ...state, slots } };
}

function admitNew(state: LimiterState, request: PermitRequest, now: number): LimiterAnswer {
  const { pace, slots, waitlist } = state;
  const intervalMs = intervalOf(request.requestsPerMinute);
  const from = openFrom(pace, now);
  const aheadMs = Math.max(from, pace.nextAt) - now + countWithoutCall(slots, now) * intervalMs;
  const probing = isProbing(pace, now) || (isHalfOpen(pace) && slots.held.length > 0);
  const free = slotsMax(slots, intervalMs) - slots.held.length;
  const fits = !probing && aheadMs <= governorLimits.busyAheadMs;
  if (!fits || free - waitlist.countDueBefore(request.task, now) <= 0) {
    return addToWaitlist(state, request, from, now);
  }
  waitlist.remove(request.task);
  const newSlots = takeOrExtend(slots, request.task, now + governorLimits.slotMs, now);
  return { permit: { granted: true, at: from, isNew: true }, state: { ...state, slots: newSlots } };
}

/**
 * Tells a task without a slot when to come back: within seconds if its turn is near, else after half of its
 * expected wait. A wrong estimate does no harm in either direction.
 */
function addToWaitlist(
  state: LimiterState,
  { task, requestsPerMinute }: PermitRequest,
  from: number,
  now: number,
): LimiterAnswer {
  const rank = state.waitlist.rankOf(task);
  const turnMs = Math.max(state.slots.turnMs, intervalOf(requestsPerMinute)) / 2;
  const isClosed = from - now > governorLimits.aheadMsMax;
  const waitMsMin = isClosed ? 0 : governorLimits.retryMsMin;
  const waitMs = Math.min(governorLimits.retryMsMax, Math.max(waitMsMin, rank * turnMs));
  const until = Math.ceil((isClosed ? from : now) + waitMs);
  state.waitlist.add(task, until, now);
  return { permit: { granted: false, until }, state };
}

/** Reserves a call. A task without a slot is treated as a new one. */
export function grant(before: LimiterState, request: PermitRequest, now: number): LimiterAnswer {
  const admission = admit(before, request, now);
  if (!admission.permit.granted) return admission;
  const { state } = admission;
  const call = reserve(state.pace, request.requestsPerMinute, now, request.patienceMs);
  if (!call.granted) return defer(state, request, call.until);
  const slots = recordCall(state.slots, request.task, call.at, now);
  return {
    permit: { granted: true, at: call.at, isNew: admission.permit.isNew },
    state: { ...state, pace: call.pace, slots },
  };
}

/** Checks, at the time of a call reserved ahead, that the model was not closed since. */
export function confirm(
  before: LimiterState,
  request: PermitRequest & { at: number },
  now: number,
): LimiterAnswer {
  const until = blockedUntil(before.pace, request.at, now);
  if (until !== null) return defer(before, request, until);
  return { permit: { granted: true, at: request.at, isNew: false }, state: before };
}

/** A task in progress keeps its slot while it waits; tasks come back in the order of their slots. */
function defer(state: LimiterState, request: PermitRequest, from: number): LimiterAnswer {
  const rank = Math.max(0, slotIndex(state.slots, request.task));
  const until = Math.ceil(from + rank * intervalOf(request.requestsPerMinute));
  const slots = recordWait(state.slots, request.task, until + governorLimits.slotMs);
  return { permit: { granted: false, until }, state: { ...state, slots } };
}

/** Records the outcome of a call. Its task keeps its slot for as long as the model stays closed. */
export function record(
  before: LimiterState,
  task: string,
  observation: Observation,
  now: number,
): LimiterState {
  const pace = observe(before.pace, observation, now);
  const until = Math.max(now, pace.closedUntil) + governorLimits.slotMs;
  const update = observation.kind === "answered" ? recordReply : recordWait;
  const slots = update(before.slots, task, until);
  // While a model is closed no slot is freed, so the time since the last freed one is not representative.
  const isNewlyClosed = pace.closedAt !== before.pace.closedAt;
  return { ...before, pace, slots: isNewlyClosed ? { ...slots, leftAt: 0 } : slots };
}

/** The task is no longer in progress: its slot is free for the next one. */
export function release(before: LimiterState, task: string, now: number): LimiterState {
  before.waitlist.remove(task);
  return { ...before, slots: freeSlot(before.slots, task, now, before.waitlist.size > 0) };
}

/** The slot of one task becomes another's, which was claimed in its place. */
export function move(before: LimiterState, from: string, to: string): LimiterState {
  return { ...before, slots: renameSlot(before.slots, from, to) };
}
