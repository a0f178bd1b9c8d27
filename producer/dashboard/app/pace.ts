/** How long to wait before the next look. Pure. */

export interface Look {
  /** Whether it found something else than the one before. */
  changed: boolean;
  /** How long the answer took, in milliseconds. */
  tookMs: number;
  /** Whether it failed, and how many seconds the fleet asked to be left alone. */
  failed: boolean;
  retryAfter: number | null;
}

/** A page may ask for a tenth of the time at most, so that a slow store is not kept busy by looking at it. */
const shareMax = 10;
const growth = 1.5;
const failedGrowth = 2;
const quietMsMax = 30_000;
const failedMsMax = 60_000;

/** `eachMs` is the pace while things change; what stands still is asked for ever more seldom. */
export function nextPauseMs(eachMs: number, pauseMs: number, look: Look): number {
  if (look.failed) {
    const asked = (look.retryAfter ?? 0) * 1_000;
    return Math.max(asked, Math.min(failedMsMax, Math.max(eachMs, pauseMs) * failedGrowth));
  }
  const least = Math.max(eachMs, look.tookMs * shareMax);
  if (look.changed) return least;
  return Math.max(least, Math.min(quietMsMax, pauseMs * growth));
}
