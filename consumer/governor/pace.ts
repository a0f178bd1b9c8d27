/**
 * Pacing one model, as values: GCRA to its requests per minute, a learned back-off after a refusal,
 * and a breaker after repeated faults. The Durable Object holds the state; nothing here does I/O.
 */
import { governorLimits } from "../../shared/limits.ts";

export interface Pace {
  /** The earliest time at which the next call conforms to the rate: GCRA's theoretical arrival time. */
  nextAt: number;
  /** No call before this time, because the endpoint said so. */
  closedUntil: number;
  /** Faults of the endpoint in a row. */
  faults: number;
  /** Refusals in a row that named no time to come back. */
  refusals: number;
  /** The time named last to a caller that was turned away. */
  namedAt: number;
}

export const freshPace: Pace = { nextAt: 0, closedUntil: 0, faults: 0, refusals: 0, namedAt: 0 };

export type Grant =
  | { granted: true; at: number; pace: Pace }
  | { granted: false; until: number; pace: Pace };

/**
 * Reserves the next slot, at most `governorLimits.aheadMsMax` from now; a later one is not reserved
 * but named, so that the caller comes back then instead of holding an invocation. Each caller that is
 * turned away hears a time of its own, or all that wait would come at once; the times go round within
 * a spread, because some of those who hear one will not come.
 */
export function reserve(pace: Pace, requestsPerMinute: number, now: number): Grant {
  const interval = 60_000 / requestsPerMinute;
  const at = Math.max(now, pace.closedUntil, pace.nextAt);
  if (at - now > governorLimits.aheadMsMax) {
    const next = Math.max(at, pace.namedAt + interval);
    const until = next - at > governorLimits.spreadMsMax ? at : next;
    return { granted: false, until, pace: { ...pace, namedAt: until } };
  }
  return { granted: true, at, pace: { ...pace, nextAt: at + interval } };
}

/** How an endpoint answered a call. */
export type Heard =
  | { kind: "answered" }
  | { kind: "refused"; retryAfterMs: number | null }
  | { kind: "faulted" };

/** Learns from an answer: a refusal closes the model for a while, repeated faults do too. */
export function learn(pace: Pace, heard: Heard, now: number): Pace {
  switch (heard.kind) {
    case "answered":
      return { ...pace, faults: 0, refusals: 0 };
    case "refused": {
      const refusals = pace.refusals + 1;
      const waitMs =
        heard.retryAfterMs ??
        governorLimits.refusedMs * Math.min(governorLimits.refusedTimesMax, refusals);
      return { ...pace, refusals, closedUntil: Math.max(pace.closedUntil, now + waitMs) };
    }
    case "faulted": {
      const faults = pace.faults + 1;
      const open = faults >= governorLimits.faultsToOpen;
      return {
        ...pace,
        faults,
        closedUntil: open ? now + governorLimits.openMs : pace.closedUntil,
      };
    }
  }
}
