/**
 * Cron expressions: when a schedule ticks. Pure. Five fields, or a nickname such as @daily, read in the
 * schedule's time zone. The library handles clock changes: a time that the change to summer time skips
 * ticks at the end of the gap, which midnight_gap.ts adds where the gap ends a day; a time that the change back repeats ticks once, at its first occurrence;
 * expressions that step through every hour keep stepping.
 */
import { Cron } from "croner";
import { scheduleLimits } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { gapTick } from "./midnight_gap.ts";

const fiveFields = /^(?:\S+\s+){4}\S+$/;
const nickname = /^@(?:yearly|annually|monthly|weekly|daily|midnight|hourly)$/i;

interface CronFault {
  path: "cron" | "timezone";
  message: string;
}

/** Whether an expression ticks in a time zone, or which of the two is invalid and why. */
export function checkCron(cron: string, timezone: string): Result<null, CronFault> {
  try {
    new Intl.DateTimeFormat("en", { timeZone: timezone });
  } catch {
    const message = `unknown time zone ${JSON.stringify(timezone)}: use an IANA name such as "Europe/Berlin", or leave it out for UTC`;
    return err({ path: "timezone", message });
  }
  const pattern = cron.trim();
  if (!fiveFields.test(pattern) && !nickname.test(pattern)) {
    const message =
      'invalid cron expression: write five fields (minute, hour, day, month, weekday), such as "30 2 * * 1-5", or @hourly, @daily, @weekly, @monthly, @yearly';
    return err({ path: "cron", message });
  }
  try {
    if (nextTicks(cron, timezone, Date.now(), 1).length > 0) return ok(null);
    return err({
      path: "cron",
      message: "never ticks, because no such date exists: change the day or the month",
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^CronPattern: /, "") : "";
    return err({ path: "cron", message: `invalid cron expression: ${reason}` });
  }
}

const cronOf = (cron: string, timezone: string): Cron =>
  new Cron(cron.trim(), { timezone, paused: true, mode: "5-part" });

/** The next ticks after a time, in milliseconds since 1970 UTC. */
export function nextTicks(
  cron: string,
  timezone: string,
  afterMs: number,
  count: number,
): number[] {
  const ticks = ticksOf(cron, timezone);
  const matches: number[] = [];
  for (let next = ticks(afterMs); next !== null && matches.length < count; next = ticks(next)) {
    matches.push(next);
  }
  return matches;
}

/** The tick of a schedule that is due. */
export interface DueTick {
  /** The latest tick that is not in the future. */
  tick: number;
  /** The number of earlier ticks that did not run. */
  missed: number;
  /** Whether the tick is too old to count as on time. */
  late: boolean;
  /** The next tick in the future; null when there is none. */
  next: number | null;
}

/**
 * Only the latest tick runs: after an outage a schedule does not flood the fleet with every missed tick.
 * `nextAt` is due: it is not after `now`. Each step takes most of a millisecond, so missed ticks are counted
 * up to a limit, and the latest tick is then searched backwards from now.
 */
export function findDueTick(cron: string, timezone: string, nextAt: number, now: number): DueTick {
  const ticks = ticksOf(cron, timezone);
  let tick = nextAt;
  let next = ticks(tick);
  let missedCount = 0;
  while (next !== null && next <= now && missedCount < scheduleLimits.missedCountedMax) {
    tick = next;
    next = ticks(tick);
    missedCount += 1;
  }
  if (next !== null && next <= now) {
    tick = latestBefore(ticks, now) ?? tick;
    next = ticks(now);
  }
  return { tick, missed: missedCount, late: now - tick > scheduleLimits.lateMsMax, next };
}

/** The next tick after a time, or null. */
type NextTick = (afterMs: number) => number | null;

function ticksOf(cron: string, timezone: string): NextTick {
  const library = cronOf(cron, timezone);
  return (afterMs) => {
    const next = library.nextRun(new Date(afterMs))?.getTime() ?? null;
    return gapTick(cron, timezone, afterMs, next) ?? next;
  };
}

const hourMs = 3_600_000;

/** The latest tick up to `now`, searched in growing intervals before it. */
function latestBefore(ticks: NextTick, now: number): number | null {
  for (const back of [hourMs / 12, hourMs, 24 * hourMs, 32 * 24 * hourMs, 400 * 24 * hourMs]) {
    let last: number | null = null;
    let next = ticks(now - back);
    while (next !== null && next <= now) {
      last = next;
      next = ticks(last);
    }
    if (last !== null) return last;
  }
  return null;
}
