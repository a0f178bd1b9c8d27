import { expect, it } from "vitest";
import { alertsOf } from "../../producer/dashboard/app/alerts.ts";
import type { Pauses, Stats } from "../../producer/dashboard/app/shapes.ts";

const now = Date.parse("2026-11-25T12:00:00Z");
const calm: Stats = {
  counts: { queued: 0, running: 1, succeeded: 9, failed: 1, dead: 0, cancelled: 0, expired: 0 },
  backlog: 0,
  oldest_queued_at: null,
  models: [],
  spend_today: { day: "2026-11-25", cost_usd: 1, tokens: 5, unpriced_tokens: 0, ceiling_usd: null },
};
const spend = (change: Partial<Stats["spend_today"]>): Stats => ({
  ...calm,
  spend_today: { ...calm.spend_today, ...change },
});
const pauses: Pauses = { paused: false, since: null, models: [] };

it.each<[string, Stats, Pauses | null, string[]]>([
  ["a calm fleet has none", calm, pauses, []],
  ["what is not known yet is no alert", calm, null, []],
  ["a ceiling that is far is none", spend({ ceiling_usd: 5 }), pauses, []],
  [
    "a ceiling that is near",
    spend({ ceiling_usd: 1.2 }),
    pauses,
    ["warn $1.00 of today's ceiling of $1.20 are spent."],
  ],
  [
    "a ceiling that is reached",
    spend({ ceiling_usd: 1 }),
    pauses,
    ["bad Today's ceiling of $1.00 is spent: tasks wait until 00:00 UTC."],
  ],
  [
    "tokens without a price",
    spend({ unpriced_tokens: 7 }),
    pauses,
    ["warn 7 tokens of today have no price: set MODEL_PROFILES to count them."],
  ],
  [
    "a task that waits long",
    { ...calm, oldest_queued_at: "2026-11-25T11:00:00Z" },
    pauses,
    ["warn The oldest queued task was accepted 1 h 0 min ago."],
  ],
  [
    "one that waits for a moment is none",
    { ...calm, oldest_queued_at: "2026-11-25T11:58:00Z" },
    pauses,
    [],
  ],
  [
    "dead letters",
    { ...calm, counts: { ...calm.counts, dead: 2 } },
    pauses,
    ["warn 2 dead letters to look at."],
  ],
  [
    "what is paused",
    calm,
    { paused: true, since: "2026-11-25T11:00:00Z", models: [{ model: "m", since: "" }] },
    ["warn The fleet is paused: no task begins.", "warn The model m is paused."],
  ],
])("%s", (_what, stats, paused, told) => {
  expect(alertsOf(stats, paused, now).map(({ level, text }) => `${level} ${text}`)).toEqual(told);
});
