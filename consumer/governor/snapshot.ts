/**
 * What an operator may see of a governor, as a value. It holds only numbers: one governor serves every
 * tenant, and no tenant may see another's tasks.
 */
import { governorLimits } from "../../shared/limits.ts";
import type { LimiterState } from "./limiter.ts";
import { intervalOf, isHalfOpen, type Pace } from "./pace.ts";
import { countCalls } from "./recent.ts";

/**
 * `back_off`: the endpoint refused a call, so no call is made for a while. `breaker`: it failed several
 * times in a row. `half_open`: one call probes whether it works again, and the others wait.
 */
export type GovernorState = "serving" | "back_off" | "breaker" | "half_open";

export interface GovernorSnapshot {
  state: GovernorState;
  /** Until when no call is granted, in milliseconds since 1970 UTC; null where calls are granted. */
  closedUntil: number | null;
  /** The calls per minute that are granted now. */
  allowedPerMinute: number;
  callsLastMinute: number;
  /** Calls reserved for a later time. */
  callsAhead: number;
  /** Tasks that hold a slot, and the number of slots. */
  inProgress: number;
  inProgressMax: number;
  /** Tasks that wait for a slot. */
  waiting: number;
}

export function snapshot(
  { pace, slots, waitlist }: LimiterState,
  requestsPerMinute: number,
  now: number,
): GovernorSnapshot {
  const state = stateOf(pace, now);
  const calls = countCalls(pace.recent, now);
  return {
    state,
    closedUntil: pace.closedUntil > now ? pace.closedUntil : null,
    allowedPerMinute:
      state === "serving" ? Math.round(requestsPerMinute * governorLimits.rateShare * 10) / 10 : 0,
    callsLastMinute: calls.lastMinute,
    callsAhead: calls.ahead,
    inProgress: slots.countAt(now),
    inProgressMax: slots.max(intervalOf(requestsPerMinute)),
    waiting: waitlist.countWaiting(now),
  };
}

function stateOf(pace: Pace, now: number): GovernorState {
  if (pace.closedUntil <= now) return isHalfOpen(pace) ? "half_open" : "serving";
  return pace.faults >= governorLimits.faultsToOpen ? "breaker" : "back_off";
}
