/** A wait with random jitter added, so that many waits do not end at once: up to a tenth, or `jitterMs`. */
export const withJitter = (ms: number, random = Math.random(), jitterMs = ms / 10): number =>
  ms + random * jitterMs;
