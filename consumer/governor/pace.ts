/**
 * The pace of one model's calls, as values: GCRA for its requests per minute, a back-off learned from
 * refusals, and a circuit breaker after repeated faults that one probe at a time may close. governor.ts
 * holds the state; nothing here does I/O. Times are milliseconds since 1970 by the governor's clock.
 */
import { governorLimits } from "../../shared/limits.ts";
import { addCall, dropFuture, type RecentCalls } from "./recent.ts";

export interface Pace {
  /** The earliest time at which the next call conforms to the rate: GCRA's theoretical arrival time. */
  nextAt: number;
  /** When the model was last closed: outcomes of calls granted before that are outdated. */
  closedAt: number;
  /** No call before this time. */
  closedUntil: number;
  /** Consecutive faults of the endpoint. */
  faults: number;
  /** How often in a row the breaker has opened. */
  opens: number;
  /** How often in a row the endpoint has closed the model by refusing a call. */
  refusals: number;
  /** The call that probes whether the model works again; null when there is none. */
  probe: { at: number; until: number } | null;
  /** The calls granted recently, for snapshots. */
  recent: RecentCalls;
}

export const initialPace: Pace = {
  nextAt: 0,
  closedAt: 0,
  closedUntil: 0,
  faults: 0,
  opens: 0,
  refusals: 0,
  probe: null,
  recent: [],
};

/**
 * The time between two calls. It is a little more than the rate requires: calls arrive slightly early or
 * late, and one call too many in a minute costs a refusal and the whole back-off.
 */
export function intervalOf(requestsPerMinute: number): number {
  return 60_000 / (requestsPerMinute * governorLimits.rateShare);
}

/** True while a failed model needs a successful probe before it takes other calls. */
export function isHalfOpen(pace: Pace): boolean {
  return (
    pace.faults >= governorLimits.faultsToOpen || pace.refusals >= governorLimits.refusalsToProbe
  );
}

/** True while the probe is under way. */
export function isProbing({ probe, ...pace }: Pace, now: number): boolean {
  return probe !== null && probe.until > now && isHalfOpen({ probe, ...pace });
}

/** When the model takes calls again, regardless of the rate: `now` or later. */
export function openFrom(pace: Pace, now: number): number {
  const from = Math.max(now, pace.closedUntil);
  return isProbing(pace, now) ? from + governorLimits.probeWaitMs : from;
}

export type Reservation =
  | { granted: true; at: number; pace: Pace }
  | { granted: false; until: number; pace: Pace };

/**
 * Reserves the next call, at most `patienceMs` from now. A later call is not reserved: the caller comes
 * back at its time instead of blocking an invocation. Calls missed while the model was closed are not
 * made up for.
 */
export function reserve(
  pace: Pace,
  requestsPerMinute: number,
  now: number,
  patienceMs: number = governorLimits.aheadMsMax,
): Reservation {
  const startAt = Math.max(openFrom(pace, now), pace.nextAt);
  if (isProbing(pace, now) || startAt - now > Math.min(patienceMs, governorLimits.aheadMsMax)) {
    return { granted: false, until: startAt, pace };
  }
  const probe = isHalfOpen(pace) ? { at: startAt, until: startAt + governorLimits.probeMs } : null;
  const nextAt = startAt + intervalOf(requestsPerMinute);
  const recent = addCall(pace.recent, startAt, now);
  return { granted: true, at: startAt, pace: { ...pace, nextAt, probe, recent } };
}

/** When to come back, if a call reserved for `at` may no longer be made at its time; else null. */
export function blockedUntil(pace: Pace, at: number, now: number): number | null {
  if (pace.probe?.at === at && pace.closedUntil <= now) return null;
  const from = openFrom(pace, now);
  return from > now ? from : null;
}

/** The endpoint's reaction to the call granted for the time `at`. */
export type Observation =
  | { kind: "answered"; at: number }
  | { kind: "refused"; at: number; retryAfterMs: number | null }
  | { kind: "faulted"; at: number };

/**
 * Learns from an outcome. Outcomes of calls granted before the last closing are outdated: ten refused calls
 * that were in flight together close the model once, not for ten times as long.
 */
export function observe(pace: Pace, observation: Observation, now: number): Pace {
  const isOutdated = observation.at < pace.closedAt;
  switch (observation.kind) {
    case "answered":
      return isOutdated ? pace : { ...pace, faults: 0, opens: 0, refusals: 0, probe: null };
    case "refused": {
      const refusals = isOutdated ? pace.refusals : pace.refusals + 1;
      const waitMs =
        observation.retryAfterMs ??
        governorLimits.refusalBackOffMs *
          Math.min(governorLimits.refusalBackOffFactorMax, refusals);
      const closedAt = isOutdated ? pace.closedAt : now;
      const closedUntil = Math.max(pace.closedUntil, closedAt + waitMs);
      const recent = dropFuture(pace.recent, now);
      return { ...pace, refusals, closedUntil, closedAt, probe: null, recent };
    }
    case "faulted": {
      if (isOutdated) return pace;
      const faults = pace.faults + 1;
      if (faults < governorLimits.faultsToOpen) return { ...pace, faults };
      const openMs = Math.min(
        governorLimits.openMsMax,
        governorLimits.openMsMin * 2 ** Math.min(pace.opens, 16),
      );
      return {
        ...pace,
        faults,
        opens: pace.opens + 1,
        closedAt: now,
        closedUntil: Math.max(pace.closedUntil, now + openMs),
        probe: null,
        recent: dropFuture(pace.recent, now),
      };
    }
  }
}
