import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkCron, findDueTick, nextTicks } from "../../producer/schedules/cron.ts";

const parseTime = (time: string): number => Date.parse(time);
const iso = (ticks: readonly number[]): string[] =>
  ticks.map((tick) => new Date(tick).toISOString().slice(0, 16));

describe("02:30 in Berlin at the clock changes of 2026", () => {
  it.each([
    [
      "in March, when 02:30 does not exist, the schedule ticks at 03:00, the end of the gap",
      "2026-03-27T12:00Z",
    ],
    [
      "in October, when 02:30 exists twice, the schedule ticks once, at the first one",
      "2026-10-23T12:00Z",
    ],
  ])("%s", (_name, from) => {
    const ticks = iso(nextTicks("30 2 * * *", "Europe/Berlin", parseTime(from), 4));
    expect(ticks).toEqual(
      from.includes("-03-")
        ? ["2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30", "2026-03-31T00:30"]
        : ["2026-10-24T00:30", "2026-10-25T00:30", "2026-10-26T01:30", "2026-10-27T01:30"],
    );
  });

  it("the tick after the first of two 02:30 is on the next day", () => {
    const ticks = nextTicks("30 2 * * *", "Europe/Berlin", parseTime("2026-10-25T00:45Z"), 1);
    expect(iso(ticks)).toEqual(["2026-10-26T01:30"]);
  });

  it.each([["2026-03-29T00:10Z"], ["2026-10-24T23:40Z"]])(
    "an expression for every half hour keeps stepping through the change after %s",
    (from) => {
      const ticks = nextTicks("*/30 * * * *", "Europe/Berlin", parseTime(from), 8);
      const steps = ticks.slice(1).map((tick, n) => tick - (ticks[n] ?? 0));
      expect(new Set(steps)).toEqual(new Set([30 * 60_000]));
    },
  );
});

describe("a time in a gap that ends at midnight ticks at the end of the gap", () => {
  it.each([
    ["20 23 27 3 *", "America/Nuuk", "2027-03-01T00:00Z", ["2027-03-28T01:00"]],
    ["59 23 27 3 *", "America/Nuuk", "2027-03-01T00:00Z", ["2027-03-28T01:00"]],
    ["30 23 25 3 *", "America/Nuuk", "2028-03-01T00:00Z", ["2028-03-26T01:00"]],
    ["45 23 27 3 *", "America/Scoresbysund", "2027-03-01T00:00Z", ["2027-03-28T01:00"]],
    ["10 23 * * 6", "America/Nuuk", "2027-03-26T12:00Z", ["2027-03-28T01:00"]],
    [
      "10 23 * * *",
      "America/Nuuk",
      "2027-03-26T12:00Z",
      ["2027-03-27T01:10", "2027-03-28T01:00", "2027-03-29T00:10"],
    ],
  ])("%s in %s after %s", (cron, timezone, after, ticks) => {
    expect(iso(nextTicks(cron, timezone, parseTime(after), ticks.length))).toEqual(ticks);
  });

  it.each([
    ["0 22 27 3 *", "America/Nuuk", "2027-03-01T00:00Z", "2027-03-28T00:00"],
    ["0 0 28 3 *", "America/Nuuk", "2027-03-01T00:00Z", "2027-03-28T01:00"],
    ["30 0 30 4 *", "Africa/Cairo", "2027-04-01T00:00Z", "2027-04-29T22:00"],
    ["15 0 28 3 *", "Asia/Beirut", "2027-03-01T00:00Z", "2027-03-27T22:00"],
    ["20 0 5 9 *", "America/Santiago", "2027-09-01T00:00Z", "2027-09-05T04:00"],
    ["10 2 3 10 *", "Australia/Lord_Howe", "2027-10-01T00:00Z", "2027-10-02T15:30"],
  ])("%s in %s, which has no such gap, ticks as before", (cron, timezone, after, tick) => {
    expect(iso(nextTicks(cron, timezone, parseTime(after), 1))).toEqual([tick]);
  });

  it("a tick that is due is found there, and the next one after it", () => {
    const [tick, next] = [parseTime("2027-03-28T01:00Z"), parseTime("2027-03-29T00:10Z")];
    const due = findDueTick("10 23 * * *", "America/Nuuk", tick, tick + 1_000);
    expect(due).toEqual({ tick, missed: 0, late: false, next });
  });
});

describe("the check of a cron expression and a time zone", () => {
  it.each([
    ["* * * * * *", "UTC", "cron", /five fields/],
    ["61 * * * *", "UTC", "cron", /invalid cron expression: .*Invalid value for minute/],
    ["soon", "UTC", "cron", /five fields/],
    ["2026-12-01T00:00:00", "UTC", "cron", /five fields/],
    ["0 0 30 2 *", "UTC", "cron", /never ticks/],
    ["0 9 * * *", "Mars/Base", "timezone", /unknown time zone.*IANA name/],
  ])("%s in %s is rejected with what to write", (cron, timezone, path, message) => {
    const error = { path, message: expect.stringMatching(message) };
    expect(checkCron(cron, timezone)).toEqual({ ok: false, error });
  });

  it.each([["30 2 * * 1-5"], ["@daily"], ["0 0 29 2 *"], ["0 9 * JAN MON#1"]])(
    "%s is valid",
    (cron) => {
      expect(checkCron(cron, "Europe/Berlin").ok).toBe(true);
    },
  );
});

describe("the due tick of a schedule", () => {
  const hourly = (nextAt: string, now: string) => {
    const due = findDueTick("0 * * * *", "UTC", parseTime(nextAt), parseTime(now));
    return { ...due, tick: iso([due.tick])[0], next: iso([due.next ?? 0])[0] };
  };

  it.each([
    ["on time", "2026-01-01T10:00Z", "2026-01-01T10:00:20Z", "2026-01-01T10:00", 0, false],
    ["at most 5 min late", "2026-01-01T10:00Z", "2026-01-01T10:05Z", "2026-01-01T10:00", 0, false],
    [
      "later than 5 min",
      "2026-01-01T10:00Z",
      "2026-01-01T10:05:00.001Z",
      "2026-01-01T10:00",
      0,
      true,
    ],
    ["after an outage", "2026-01-01T10:00Z", "2026-01-01T12:20Z", "2026-01-01T12:00", 2, true],
    ["after a year", "2025-01-01T10:00Z", "2026-01-01T12:20Z", "2026-01-01T12:00", 100, true],
  ])("the due tick %s is the latest one", (_name, nextAt, now, tick, missed, late) => {
    expect(hourly(nextAt, now)).toMatchObject({ tick, missed, late });
  });

  it("the due tick is never before the cursor, and the next tick is in the future", () => {
    const zones = fc.constantFrom(
      "UTC",
      "Europe/Berlin",
      "America/New_York",
      "Australia/Lord_Howe",
    );
    const crons = fc.constantFrom(
      "* * * * *",
      "*/7 * * * *",
      "30 2 * * *",
      "0 0 1 * *",
      "0 9 * * 1",
    );
    const start = parseTime("2026-01-01T00:00Z");
    const minutes = fc.integer({ min: 0, max: 400 * 24 * 60 });
    fc.assert(
      fc.property(crons, zones, minutes, minutes, (cron, zone, from, later) => {
        const [nextAt = 0] = nextTicks(cron, zone, start + from * 60_000, 1);
        const now = nextAt + later * 60_000;
        const due = findDueTick(cron, zone, nextAt, now);
        expect(due.tick).toBeGreaterThanOrEqual(nextAt);
        expect(due.tick).toBeLessThanOrEqual(now);
        expect(due.next).toBeGreaterThan(now);
        expect(nextTicks(cron, zone, due.tick, 1)[0]).toBe(due.next);
      }),
      { numRuns: 40 },
    );
  });
});
