const clock = Date.now;
let origin = 0;

/** The milliseconds since the program's process started, which was 20 ms before the first call. */
export function now(): number {
  if (origin === 0) origin = clock() - 20;
  return clock() - origin;
}

export const performance = {
  now,
  get timeOrigin() {
    now();
    return origin;
  },
  mark: () => {},
  measure: () => {},
  clearMarks: () => {},
  clearMeasures: () => {},
  getEntriesByName: () => [],
  getEntriesByType: () => [],
  toJSON: () => ({ timeOrigin: origin }),
};

export const hrtime = Object.assign(
  (before?: [number, number]) => {
    const ms = now();
    const time: [number, number] = [Math.floor(ms / 1000), Math.round((ms % 1000) * 1_000_000)];
    if (before === undefined) return time;
    const nanoseconds = (time[0] - before[0]) * 1e9 + time[1] - before[1];
    return [Math.floor(nanoseconds / 1e9), nanoseconds % 1e9];
  },
  { bigint: () => BigInt(Math.round(now() * 1_000_000)) },
);
