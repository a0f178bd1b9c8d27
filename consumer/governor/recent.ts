/**
 * The calls that a governor granted recently, counted per second. They are shown in snapshots and decide
 * nothing: the pace decides. Times are milliseconds since 1970 UTC.
 */
import { governorLimits } from "../../shared/limits.ts";

/** Ascending seconds with the number of granted calls. Seconds older than a minute are dropped. */
export type RecentCalls = readonly Readonly<{ second: number; slots: number }>[];

const secondOf = (ms: number): number => Math.floor(ms / 1_000);

/** `at` must not be earlier than the time of the call added last. */
export function addCall(recent: RecentCalls, at: number, now: number): RecentCalls {
  const second = secondOf(at);
  const newerCalls = recent.filter(
    (entry) => entry.second > secondOf(now) - governorLimits.recentSeconds,
  );
  const last = newerCalls.at(-1);
  return last?.second === second
    ? [...newerCalls.slice(0, -1), { second, slots: last.slots + 1 }]
    : [...newerCalls, { second, slots: 1 }];
}

/** Drops the calls reserved ahead: a closed model takes none of them. */
export function dropFuture(recent: RecentCalls, now: number): RecentCalls {
  return recent.filter(({ second }) => second <= secondOf(now));
}

/** The calls of the last minute, including the current second, and those reserved ahead. */
export function countCalls(
  recent: RecentCalls,
  now: number,
): { lastMinute: number; ahead: number } {
  const current = secondOf(now);
  const sum = (includes: (second: number) => boolean): number =>
    recent.reduce((total, { second, slots }) => total + (includes(second) ? slots : 0), 0);
  return {
    lastMinute: sum(
      (second) => second <= current && second > current - governorLimits.recentSeconds,
    ),
    ahead: sum((second) => second > current),
  };
}
