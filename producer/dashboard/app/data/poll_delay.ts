/** How long to wait before the next poll. Pure. */

export interface PollOutcome {
  /** Whether the value differs from the previous one. */
  changed: boolean;
  tookMs: number;
  failed: boolean;
  /** The wait that a failed response asked for; null without one. */
  retryAfterSeconds: number | null;
}

/** A page spends at most a tenth of the time on calls, so it does not keep a slow store busy. */
const durationFactor = 10;
const growth = 1.5;
const failedGrowth = 2;
const unchangedMsMax = 30_000;
const failedMsMax = 60_000;

/** `eachMs` is the delay while the value changes; otherwise the delay grows. */
export function nextDelayMs(eachMs: number, delayMs: number, outcome: PollOutcome): number {
  if (outcome.failed) {
    const requestedMs = (outcome.retryAfterSeconds ?? 0) * 1_000;
    return Math.max(requestedMs, Math.min(failedMsMax, Math.max(eachMs, delayMs) * failedGrowth));
  }
  const leastMs = Math.max(eachMs, outcome.tookMs * durationFactor);
  if (outcome.changed) return leastMs;
  return Math.max(leastMs, Math.min(unchangedMsMax, delayMs * growth));
}
