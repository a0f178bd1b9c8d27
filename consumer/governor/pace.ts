/**
 * Pacing one model, as values: GCRA to its requests per minute, a back-off learned from refusals, and a
 * breaker after repeated faults that one probe at a time may close. The object that holds the state is
 * in governor.ts; nothing here does I/O. Times are milliseconds since 1970 by the governor's clock.
 */
import { governorLimits } from "../../shared/limits.ts";
import { noted, passed, type Recent } from "./recent.ts";

export interface Pace {
  /** The earliest time at which the next call conforms to the rate: GCRA's theoretical arrival time. */
  nextAt: number;
  /** When the model was last closed: calls that were granted before teach nothing more. */
  closedAt: number;
  /** No call before this time, because the endpoint said so. */
  closedUntil: number;
  /** Faults of the endpoint in a row. */
  faults: number;
  /** How often in a row the breaker has opened. */
  opens: number;
  /** How often in a row the endpoint has closed the model by refusing a call. */
  refusals: number;
  /** The call that tries whether the model serves again; null when none is on its way. */
  probe: { at: number; until: number } | null;
  /** The slots that were granted of late, for people who look. */
  recent: Recent;
}

export const freshPace: Pace = {
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
 * The time between two calls. A little more than the rate's own, because calls arrive a little early or
 * late, and a minute into which one call too many slips costs a refusal and the whole back-off.
 */
export function intervalOf(requestsPerMinute: number): number {
  return 60_000 / (requestsPerMinute * governorLimits.rateShare);
}

/** True while a model that failed is to be tried by one call before the others follow. */
export function isHalfOpen(pace: Pace): boolean {
  return (
    pace.faults >= governorLimits.faultsToOpen || pace.refusals >= governorLimits.refusalsToProbe
  );
}

/** True while that one call is on its way. */
export function isProbing({ probe, ...pace }: Pace, now: number): boolean {
  return probe !== null && probe.until > now && isHalfOpen({ probe, ...pace });
}

/** When the model may be called again as far as its endpoint goes, the rate aside: `now` or later. */
export function openFrom(pace: Pace, now: number): number {
  const from = Math.max(now, pace.closedUntil);
  return isProbing(pace, now) ? from + governorLimits.probeWaitMs : from;
}

export type Grant =
  | { granted: true; at: number; pace: Pace }
  | { granted: false; until: number; pace: Pace };

/**
 * Reserves the next slot, at most `governorLimits.aheadMsMax` from now; a later one is not reserved
 * but named, so that the caller comes back then instead of holding an invocation; `patienceMs` is what
 * is left of a caller's time that has waited already. After a closing the
 * rate goes on where it stood: it is never made up for.
 */
export function reserve(
  pace: Pace,
  requestsPerMinute: number,
  now: number,
  patienceMs: number = governorLimits.aheadMsMax,
): Grant {
  const at = Math.max(openFrom(pace, now), pace.nextAt);
  if (isProbing(pace, now) || at - now > Math.min(patienceMs, governorLimits.aheadMsMax)) {
    return { granted: false, until: at, pace };
  }
  const probe = isHalfOpen(pace) ? { at, until: at + governorLimits.probeMs } : null;
  const nextAt = at + intervalOf(requestsPerMinute);
  const recent = noted(pace.recent, at, now);
  return { granted: true, at, pace: { ...pace, nextAt, probe, recent } };
}

/** Whether a slot that was reserved ahead still stands when its time has come; else when to come back. */
export function stands(pace: Pace, at: number, now: number): { until: number } | null {
  if (pace.probe?.at === at && pace.closedUntil <= now) return null;
  const from = openFrom(pace, now);
  return from > now ? { until: from } : null;
}

/** How an endpoint answered the call of the slot `at`. */
export type Observation =
  | { kind: "answered"; at: number }
  | { kind: "refused"; at: number; retryAfterMs: number | null }
  | { kind: "faulted"; at: number };

/**
 * Learns from an answer. What a call says that was granted before the last closing is old: ten calls in
 * flight that are all refused close the model once, not ten times as long.
 */
export function learn(pace: Pace, heard: Observation, now: number): Pace {
  if (heard.at < pace.closedAt && heard.kind !== "refused") return pace;
  switch (heard.kind) {
    case "answered":
      return { ...pace, faults: 0, opens: 0, refusals: 0, probe: null };
    case "refused": {
      const old = heard.at < pace.closedAt;
      const refusals = old ? pace.refusals : pace.refusals + 1;
      const waitMs =
        heard.retryAfterMs ??
        governorLimits.refusalBackOffMs * Math.min(governorLimits.refusalBackOffFactorMax, refusals);
      const closedUntil = Math.max(pace.closedUntil, (old ? pace.closedAt : now) + waitMs);
      const closedAt = old ? pace.closedAt : now;
      const recent = passed(pace.recent, now);
      return { ...pace, refusals, closedUntil, closedAt, probe: null, recent };
    }
    case "faulted": {
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
        recent: passed(pace.recent, now),
      };
    }
  }
}
