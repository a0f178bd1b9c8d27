/**
 * What people may see of a governor, as a value: how much it allows, what is used of it, who waits, and until
 * when the model is closed. Numbers alone: one governor serves every tenant, and whose tasks it holds is
 * no other's to see.
 */
import { governorLimits } from "../../shared/limits.ts";
import type { LimiterState } from "./limiter.ts";
import { intervalOf, isHalfOpen, type Pace } from "./pace.ts";
import { usedIn } from "./recent.ts";
import { alive, placesMax } from "./slots.ts";

/**
 * `back_off`: the endpoint refused a call and is left alone. `breaker`: it failed several times in a row.
 * `half_open`: one call tries whether it serves again, and the others wait.
 */
export type GovernorState = "serving" | "back_off" | "breaker" | "half_open";

export interface GovernorSnapshot {
  state: GovernorState;
  /** Until when no call is granted; milliseconds since 1970 UTC, null where some are. */
  closedUntil: number | null;
  /** Calls a minute that are granted now. */
  allowedPerMinute: number;
  /** Slots of the last minute, and slots that are reserved ahead. */
  callsLastMinute: number;
  callsAhead: number;
  /** Tasks that hold a place, and how many places there are. */
  inProgress: number;
  inProgressMax: number;
  /** Tasks that were told when to come back. */
  waiting: number;
}

export function snapshot(
  book: LimiterState,
  requestsPerMinute: number,
  now: number,
): GovernorSnapshot {
  const { pace, places, line } = book;
  const state = stateOf(pace, now);
  const used = usedIn(pace.recent, now);
  return {
    state,
    closedUntil: pace.closedUntil > now ? pace.closedUntil : null,
    allowedPerMinute:
      state === "serving" ? Math.round(requestsPerMinute * governorLimits.rateShare * 10) / 10 : 0,
    callsLastMinute: used.lastMinute,
    callsAhead: used.ahead,
    inProgress: alive(places, now).held.length,
    inProgressMax: placesMax(places, intervalOf(requestsPerMinute)),
    waiting: line.awaited(now),
  };
}

function stateOf(pace: Pace, now: number): GovernorState {
  if (pace.closedUntil <= now) return isHalfOpen(pace) ? "half_open" : "serving";
  return pace.faults >= governorLimits.faultsToOpen ? "breaker" : "back_off";
}
