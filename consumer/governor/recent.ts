/**
 * The slots that a governor granted of late, as values: how many fall into each second. It is for people who
 * look, and decides nothing: what may be called is the pace's to say. Times are milliseconds since 1970 UTC.
 */
import { governorLimits } from "../../shared/limits.ts";

/** Seconds in their order, each with its slots; those that passed more than a minute ago are left out. */
export type Recent = readonly Readonly<{ second: number; slots: number }>[];

const secondOf = (ms: number): number => Math.floor(ms / 1_000);

/** With one slot more, at a time that is not before that of the slot granted last. */
export function noted(recent: Recent, at: number, now: number): Recent {
  const second = secondOf(at);
  const kept = recent.filter((one) => one.second > secondOf(now) - governorLimits.recentSeconds);
  const last = kept.at(-1);
  return last?.second === second
    ? [...kept.slice(0, -1), { second, slots: last.slots + 1 }]
    : [...kept, { second, slots: 1 }];
}

/** Without what lies ahead: a model that is closed takes none of the calls that were granted. */
export function passed(recent: Recent, now: number): Recent {
  return recent.filter(({ second }) => second <= secondOf(now));
}

/** The slots of the last minute, the running second among them, and those that are reserved ahead. */
export function usedIn(recent: Recent, now: number): { lastMinute: number; ahead: number } {
  const current = secondOf(now);
  const sum = (which: (second: number) => boolean): number =>
    recent.reduce((all, { second, slots }) => all + (which(second) ? slots : 0), 0);
  return {
    lastMinute: sum(
      (second) => second <= current && second > current - governorLimits.recentSeconds,
    ),
    ahead: sum((second) => second > current),
  };
}
