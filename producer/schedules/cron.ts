/**
 * Cron expressions: when a schedule ticks. Pure. Five fields, or a nickname such as @daily, read in the
 * schedule's time zone. The library counts the clock as people read it: a time that a change to summer
 * time leaves out ticks at the end of the gap; a time that a change back repeats ticks once, at its
 * first occurrence; expressions that step through every hour keep stepping.
 */
import { Cron } from "croner";
import { scheduleLimits } from "../../shared/limits.ts";

const fiveFields = /^(?:\S+\s+){4}\S+$/;
const nickname = /^@(?:yearly|annually|monthly|weekly|daily|midnight|hourly)$/i;

/** What is wrong with an expression or a time zone, and with which of the two; null when they tick. */
export function cronFault(
  cron: string,
  timezone: string,
): { path: "cron" | "timezone"; message: string } | null {
  try {
    new Intl.DateTimeFormat("en", { timeZone: timezone });
  } catch {
    const message = `${JSON.stringify(timezone)} is no time zone: write an IANA name such as "Europe/Berlin", or leave it out for UTC`;
    return { path: "timezone", message };
  }
  const pattern = cron.trim();
  if (!fiveFields.test(pattern) && !nickname.test(pattern)) {
    const message =
      'write five fields (minute, hour, day, month, weekday), such as "30 2 * * 1-5", or @hourly, @daily, @weekly, @monthly, @yearly';
    return { path: "cron", message };
  }
  try {
    if (ticksAfter(cron, timezone, Date.now(), 1).length > 0) return null;
    return { path: "cron", message: "never ticks: there is no such date" };
  } catch (error) {
    const said = error instanceof Error ? error.message.replace(/^CronPattern: /, "") : "";
    return { path: "cron", message: `is no cron expression: ${said}` };
  }
}

const cronOf = (cron: string, timezone: string): Cron =>
  new Cron(cron.trim(), { timezone, paused: true, mode: "5-part" });

/** The next ticks after a time, in milliseconds since 1970 UTC. */
export function ticksAfter(
  cron: string,
  timezone: string,
  afterMs: number,
  count: number,
): number[] {
  const runs = cronOf(cron, timezone).nextRuns(count, new Date(afterMs));
  return runs.map((date) => date.getTime());
}

/** What a look at a schedule finds due. */
export interface Due {
  /** The latest tick that has come. */
  tick: number;
  /** Earlier ones that nothing ran for. */
  missed: number;
  /** Whether the tick itself came too long ago to count as on time. */
  late: boolean;
  /** The next one in the future; null when there is none. */
  next: number | null;
}

/**
 * One look runs one tick, the latest: after a standstill a schedule does not flood its fleet with what
 * it would have done meanwhile. `nextAt` is due, that is, not after `now`. Each step costs a good part of
 * a millisecond, so missed ticks are counted up to a bound and the latest is then looked for from behind.
 */
export function dueTick(cron: string, timezone: string, nextAt: number, now: number): Due {
  const ticks = cronOf(cron, timezone);
  let tick = nextAt;
  let next = nextOf(ticks, tick);
  let missed = 0;
  while (next !== null && next <= now && missed < scheduleLimits.missedCountedMax) {
    tick = next;
    next = nextOf(ticks, tick);
    missed += 1;
  }
  if (next !== null && next <= now) {
    tick = latestBefore(ticks, now) ?? tick;
    next = nextOf(ticks, now);
  }
  return { tick, missed, late: now - tick > scheduleLimits.lateMsMax, next };
}

const nextOf = (ticks: Cron, afterMs: number): number | null =>
  ticks.nextRun(new Date(afterMs))?.getTime() ?? null;

const hourMs = 3_600_000;

/** The latest tick up to `now`, looked for ever further back. */
function latestBefore(ticks: Cron, now: number): number | null {
  for (const back of [hourMs / 12, hourMs, 24 * hourMs, 32 * 24 * hourMs, 400 * 24 * hourMs]) {
    let last: number | null = null;
    let next = nextOf(ticks, now - back);
    while (next !== null && next <= now) {
      last = next;
      next = nextOf(ticks, last);
    }
    if (last !== null) return last;
  }
  return null;
}
