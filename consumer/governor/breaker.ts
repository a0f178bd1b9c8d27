/**
 * The circuit breaker of one endpoint, as values. Faults of the endpoint close it; while it is closed its
 * tasks wait at no cost, and one call at a time probes it. An answer of any kind opens it again.
 */
import { breakerLimits } from "../../shared/limits.ts";

export interface Breaker {
  /** Consecutive faults. */
  faults: number;
  /** When the outage started (ms since 1970 UTC); null while the endpoint works. */
  since: number | null;
  /** No call before this time. */
  closedUntil: number;
  /** When the last probe started; null without one. */
  probeAt: number | null;
  /** What the endpoint answered last, for people. */
  message: string;
}

export const closedBreaker: Breaker = {
  faults: 0,
  since: null,
  closedUntil: 0,
  probeAt: null,
  message: "",
};

export interface Fault {
  message: string;
  /** The wait that the endpoint asked for; null without one. */
  retryAfterMs: number | null;
  /** When the reporter last had an answer of this endpoint. */
  lastAnswerAt: number;
}

/**
 * One fault among answers is the request's problem and closes nothing. Several in a row, without an answer
 * for a moment, are an outage; so is one that names a time to come back.
 */
export function recordFault(before: Breaker, fault: Fault, now: number): Breaker {
  const faults = before.faults + 1;
  const isDown =
    before.since !== null ||
    fault.retryAfterMs !== null ||
    (faults >= breakerLimits.faultsMin && now - fault.lastAnswerAt >= breakerLimits.silentMsMin);
  if (!isDown) return { ...before, faults, message: fault.message };
  const waitMs = Math.max(breakerLimits.probeEveryMs, fault.retryAfterMs ?? 0);
  return {
    faults,
    since: before.since ?? now,
    closedUntil: Math.max(before.closedUntil, now + waitMs),
    probeAt: null,
    message: fault.message,
  };
}

/** Whether the stored breaker is right enough: faults that are not an outage are worth no row. */
export const isSameOutage = (stored: Breaker, now: Breaker): boolean =>
  stored.since === now.since &&
  (now.since === null ||
    (now.closedUntil - stored.closedUntil < breakerLimits.storedMsMin &&
      stored.probeAt === now.probeAt));

/** Any answer ends an outage. */
export const recordAnswer = (before: Breaker): Breaker =>
  before.since === null ? { ...before, faults: 0 } : closedBreaker;

export type Passage = { open: true } | { open: false; until: number };

/** Whether a call may be made. During an outage each permission is a probe. */
export function pass(before: Breaker, now: number): { passage: Passage; breaker: Breaker } {
  const until = nextCallAt(before, now);
  if (until > now) return { passage: { open: false, until }, breaker: before };
  const breaker = before.since === null ? before : { ...before, probeAt: now };
  return { passage: { open: true }, breaker };
}

/** When the next call may be made; `now` or earlier: at once. */
export function nextCallAt({ since, closedUntil, probeAt }: Breaker, now: number): number {
  if (closedUntil > now) return closedUntil;
  if (since === null || probeAt === null) return now;
  const probeEndsAt = probeAt + breakerLimits.probeMsMax;
  return probeEndsAt > now ? Math.min(probeEndsAt, now + breakerLimits.probeEveryMs) : now;
}
