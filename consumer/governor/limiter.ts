/**
 * The decisions of one model's governor, without I/O: whether a new task may start, whether a task in
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
import { Slots } from "./slots.ts";
import { Waitlist } from "./waitlist.ts";

/** `slots` and `waitlist` are mutated and only in memory. */
export interface LimiterState {
  pace: Pace;
  slots: Slots;
  waitlist: Waitlist;
}

export const emptyState = (): LimiterState => ({
  pace: initialPace,
  slots: new Slots(),
  waitlist: new Waitlist(),
});

export interface PermitRequest {
  task: string;
  requestsPerMinute: number;
  /** How long the caller waits for its call, where that is less than `aheadMsMax`. */
  patienceMs?: number;
}

/** The request of a worker that may take any task; `task` only identifies its message. */
export interface AdmissionRequest extends PermitRequest {
  /** The name of the slot until it is known which task takes it. */
  slot: string;
  /** Whether the task's first call is reserved with its slot. */
  reservesCall: boolean;
  /** The worker has just ended a task: it may continue although others wait to start. */
  isRefill: boolean;
}

/**
 * `isNew`: this decision gave the task its slot. `isProbe`: other tasks wait for the outcome of this call.
 * `until`: when to request again. `isSurplus`: enough others wait, so this message is not needed.
 */
export type Permit =
  | { granted: true; at: number; isNew: boolean; isProbe: boolean }
  | { granted: false; until: number; isSurplus: boolean };

export interface LimiterAnswer {
  permit: Permit;
  state: LimiterState;
}

/** What a worker reports. It is sent with the next request, and by itself where no request follows. */
export type Report =
  | { kind: "outcome"; task: string; observation: Observation }
  /** The task is no longer in progress: its slot is free for the next one. */
  | { kind: "released"; task: string }
  /** The slot of an admission is now a task's. */
  | { kind: "taken"; slot: string; task: string }
  /** No worker runs the task now, and it keeps its slot: its message comes back. */
  | { kind: "paused"; slot: string; task: string }
  /** The message of this task does not come back. */
  | { kind: "left"; task: string };

/** Whether a task may be claimed now. Takes a slot and reserves its first call, if the request says so. */
export function admit(
  before: LimiterState,
  { reservesCall, ...request }: AdmissionRequest,
  now: number,
): LimiterAnswer {
  const { slots } = before;
  slots.dropExpired(now);
  const isOwn = slots.resume(request.task, request.slot);
  const answer = (reservesCall ? enterAndReserve : enter)(before, request, now);
  if (isOwn && !answer.permit.granted) slots.pause(request.slot, request.task);
  return answer;
}

/** `slot` and `isRefill` are only set when a new task is admitted; without `slot`, the slot is named after the task. */
type EntryRequest = PermitRequest & { slot?: string; isRefill?: boolean };

const slotOf = ({ slot, task }: EntryRequest): string => slot ?? task;

/** Takes a slot, or keeps the one that the task has. */
function enter(state: LimiterState, request: EntryRequest, now: number): LimiterAnswer {
  const { pace, slots } = state;
  if (!slots.has(slotOf(request))) return admitNew(state, request, now);
  const from = openFrom(pace, now);
  if (from - now > governorLimits.aheadMsMax) return defer(state, request, from);
  slots.extend(slotOf(request), now + governorLimits.slotMs);
  return { permit: { granted: true, at: from, isNew: false, isProbe: false }, state };
}

function admitNew(state: LimiterState, request: EntryRequest, now: number): LimiterAnswer {
  const { pace, slots, waitlist } = state;
  const intervalMs = intervalOf(request.requestsPerMinute);
  const from = openFrom(pace, now);
  const held = slots.countAt(now);
  const aheadMs = Math.max(from, pace.nextAt) - now + slots.countWithoutCall(now) * intervalMs;
  const probing = isProbing(pace, now) || (isHalfOpen(pace) && held > 0);
  const fits = !probing && aheadMs <= governorLimits.busyAheadMs;
  const free = slots.max(intervalMs) - held;
  const reserved = request.isRefill === true ? 0 : waitlist.countDueBefore(request.task, now);
  if (!fits || free - reserved <= 0) return addToWaitlist(state, request, from, now);
  waitlist.remove(request.task);
  if (request.isRefill !== true) slots.recordTurn(now, waitlist.size > 0);
  slots.take(slotOf(request), now);
  return { permit: { granted: true, at: from, isNew: true, isProbe: false }, state };
}

/**
 * Tells a task without a slot when to come back: within seconds if its turn is near, else after half of its
 * expected wait. A wrong estimate does no harm in either direction. Only as many messages wait as workers
 * that end may need as successors: a worker takes any task, and the sweep sends hints for tasks without one.
 */
function addToWaitlist(
  state: LimiterState,
  { task, requestsPerMinute }: PermitRequest,
  from: number,
  now: number,
): LimiterAnswer {
  const rank = state.waitlist.rankOf(task);
  const intervalMs = intervalOf(requestsPerMinute);
  const turnMs = Math.max(state.slots.turnMs, intervalMs) / 2;
  const isClosed = from - now > governorLimits.aheadMsMax;
  const waitMsMin = isClosed ? 0 : governorLimits.retryMsMin;
  const waitMs = Math.min(governorLimits.retryMsMax, Math.max(waitMsMin, rank * turnMs));
  const until = Math.ceil((isClosed ? from : now) + waitMs);
  const sizeMax = Math.max(
    governorLimits.waitlistMin,
    governorLimits.waitlistShare * state.slots.max(intervalMs),
  );
  const isSurplus = !state.waitlist.add(task, until, now, sizeMax);
  return { permit: { granted: false, until, isSurplus }, state };
}

/** Reserves a call for a task in progress. A task without a slot is treated as a new one. */
export function grant(before: LimiterState, request: PermitRequest, now: number): LimiterAnswer {
  before.slots.dropExpired(now);
  if (!before.slots.has(request.task)) before.slots.takeLost(request.task, now);
  return enterAndReserve(before, request, now);
}

function enterAndReserve(before: LimiterState, request: EntryRequest, now: number): LimiterAnswer {
  const entered = enter(before, request, now);
  if (!entered.permit.granted) return entered;
  const { state } = entered;
  const call = reserve(state.pace, request.requestsPerMinute, now, request.patienceMs);
  if (!call.granted) return defer(state, request, call.until);
  state.slots.recordCall(slotOf(request), call.at, now);
  const { isNew } = entered.permit;
  const isProbe = call.pace.probe !== null;
  return {
    permit: { granted: true, at: call.at, isNew, isProbe },
    state: { ...state, pace: call.pace },
  };
}

/** Checks, at the time of a call reserved ahead, that the model was not closed since. */
export function confirm(
  before: LimiterState,
  request: EntryRequest,
  permit: Permit & { granted: true },
  now: number,
): LimiterAnswer {
  const until = blockedUntil(before.pace, permit.at, now);
  if (until === null) return { permit, state: before };
  if (permit.isNew) {
    // A new task does not wait in a slot: its worker takes no task.
    before.slots.free(slotOf(request), now);
    return addToWaitlist(before, request, until, now);
  }
  const answer = defer(before, request, until);
  if (request.slot !== undefined) before.slots.pause(request.slot, request.task);
  return answer;
}

/** A task in progress keeps its slot while it waits; tasks come back in the order of their slots. */
function defer(state: LimiterState, request: EntryRequest, from: number): LimiterAnswer {
  const rank = state.slots.rankOf(slotOf(request));
  const until = Math.ceil(from + rank * intervalOf(request.requestsPerMinute));
  state.slots.recordWait(slotOf(request), until + governorLimits.slotMs);
  return { permit: { granted: false, until, isSurplus: false }, state };
}

/** Applies what a worker reports. */
export function receive(state: LimiterState, report: Report, now: number): LimiterState {
  switch (report.kind) {
    case "outcome":
      return record(state, report.task, report.observation, now);
    case "released":
      state.waitlist.remove(report.task);
      state.slots.free(report.task, now);
      return state;
    case "taken":
      state.slots.rename(report.slot, report.task);
      return state;
    case "left":
      state.waitlist.remove(report.task);
      return state;
    case "paused":
      state.slots.pause(report.slot, report.task);
      return state;
  }
}

/** Records the outcome of a call. The task keeps its slot while the model is closed to calls, and for one slot time after that. */
function record(
  before: LimiterState,
  task: string,
  observation: Observation,
  now: number,
): LimiterState {
  const { slots } = before;
  const pace = observe(before.pace, observation, now);
  const until = Math.max(now, pace.closedUntil) + governorLimits.slotMs;
  if (!slots.has(task)) slots.takeLost(task, now);
  if (observation.kind === "answered") slots.recordReply(task, until);
  else slots.recordWait(task, until);
  // While a model is closed no task starts, so the time since the last one did is not representative.
  if (pace.closedAt !== before.pace.closedAt) slots.turnFrom = 0;
  return { ...before, pace };
}
