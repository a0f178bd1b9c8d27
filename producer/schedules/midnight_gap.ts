/**
 * The one clock change that the cron library skips: a gap that ends at midnight, so that a time which does not
 * exist belongs to the day before the end of the gap (Nuuk, Scoresbysund). Its tick is the end of the gap.
 */
import { Cron } from "croner";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
/** How far ahead a gap is searched: a yearly tick and its leap day. */
const searchedDaysMax = 5 * 366;

const formats = new Map<string, Intl.DateTimeFormat>();

/** The local wall time, as if it were UTC, in milliseconds. */
function wallTime(timezone: string, timeMs: number): number {
  let format = formats.get(timezone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: timezone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
    });
    formats.set(timezone, format);
  }
  const part = new Map(
    format.formatToParts(timeMs).map(({ type, value }) => [type, Number(value)]),
  );
  const partOf = (name: Intl.DateTimeFormatPartTypes): number => part.get(name) ?? 0;
  return Date.UTC(
    partOf("year"),
    partOf("month") - 1,
    partOf("day"),
    partOf("hour"),
    partOf("minute"),
  );
}

const offsetAt = (timezone: string, timeMs: number): number =>
  wallTime(timezone, timeMs) - Math.floor(timeMs / minuteMs) * minuteMs;

/** Whether the hour is fixed. An expression for every hour needs no correction. */
export const hasFixedHour = (cron: string): boolean => {
  const hour = cron.trim().split(/\s+/)[1] ?? "*";
  return !cron.trim().startsWith("@") && !hour.startsWith("*");
};

/** The end of the first gap after `afterMs` and before `untilMs` in which the expression has a time; else null. */
export function gapTick(
  cron: string,
  timezone: string,
  afterMs: number,
  untilMs: number | null,
): number | null {
  if (timezone === "UTC" || !hasFixedHour(cron)) return null;
  const end = Math.min(untilMs ?? Number.POSITIVE_INFINITY, afterMs + searchedDaysMax * dayMs);
  // Starts a day earlier, so that a gap that ends directly after `afterMs` is found.
  let from = afterMs - minuteMs;
  let before = offsetAt(timezone, from);
  for (; from < end; from += dayMs) {
    const after = offsetAt(timezone, from + dayMs);
    if (after > before) {
      const gap = findChange(timezone, from, from + dayMs, before);
      if (gap > afterMs && gap < end && fillsGap(cron, timezone, gap)) return gap;
    }
    before = after;
  }
  return null;
}

/** The first instant with another offset, to the minute. */
function findChange(timezone: string, from: number, to: number, offset: number): number {
  let [low, high] = [Math.floor(from / minuteMs), Math.ceil(to / minuteMs)];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(timezone, middle * minuteMs) === offset) low = middle;
    else high = middle;
  }
  return high * minuteMs;
}

/** Whether the gap that ends at this instant ends at midnight and holds a time of the expression. */
function fillsGap(cron: string, timezone: string, end: number): boolean {
  const to = wallTime(timezone, end);
  if (to % dayMs !== 0) return false;
  const from = wallTime(timezone, end - minuteMs) + minuteMs;
  const wall = new Cron(cron.trim(), { timezone: "UTC", paused: true, mode: "5-part" });
  const next = wall.nextRun(new Date(from - 1))?.getTime() ?? null;
  return next !== null && next < to;
}
