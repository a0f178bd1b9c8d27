import { expect, test } from "vitest";
import type { ModelLimit, Pauses, Stats } from "../../producer/dashboard/app/data/responses.ts";
import { alertsOf, outageText } from "../../producer/dashboard/app/pages/overview/alerts.ts";

const now = Date.parse("2026-11-25T12:00:00Z");
const calm: Stats = {
  counts: { queued: 0, running: 1, succeeded: 9, failed: 1, dead: 0, cancelled: 0, expired: 0 },
  backlog: 0,
  oldest_queued_at: null,
  models: [],
  spend_today: { day: "2026-11-25", cost_usd: 1, tokens: 5, unpriced_tokens: 0, ceiling_usd: null },
  database: { bytes: 1e9, bytes_max: 1e10, state: "ok" },
};
const spend = (change: Partial<Stats["spend_today"]>): Stats => ({
  ...calm,
  spend_today: { ...calm.spend_today, ...change },
});
const notPaused: Pauses = { paused: false, since: null, models: [] };

test.each<[string, Stats, Pauses | null, string[]]>([
  ["a calm fleet", calm, notPaused, []],
  ["unknown pauses", calm, null, []],
  ["a spend far below the ceiling", spend({ ceiling_usd: 5 }), notPaused, []],
  [
    "a spend near the ceiling",
    spend({ ceiling_usd: 1.2 }),
    notPaused,
    ["warn $1.00 of today's ceiling of $1.20 are spent."],
  ],
  [
    "a spend at the ceiling",
    spend({ ceiling_usd: 1 }),
    notPaused,
    ["bad Today's ceiling of $1.00 is spent: tasks wait until 00:00 UTC."],
  ],
  [
    "a database that fills",
    { ...calm, database: { bytes: 8.1e9, bytes_max: 1e10, state: "filling" } },
    notPaused,
    ["warn 81 % of the database is used: shorten RETENTION_DAYS before new work is refused."],
  ],
  [
    "a full database",
    { ...calm, database: { bytes: 9.5e9, bytes_max: 1e10, state: "full" } },
    notPaused,
    ["bad 95 % of the database is used: new work is refused until old tasks are removed."],
  ],
  [
    "tokens without a price",
    spend({ unpriced_tokens: 7 }),
    notPaused,
    ["warn 7 tokens of today have no price: set MODEL_PROFILES to count them."],
  ],
  [
    "a task queued for an hour",
    { ...calm, oldest_queued_at: "2026-11-25T11:00:00Z" },
    notPaused,
    ["warn The oldest queued task was accepted 1 h 0 min ago."],
  ],
  [
    "a task queued for two minutes",
    { ...calm, oldest_queued_at: "2026-11-25T11:58:00Z" },
    notPaused,
    [],
  ],
  [
    "dead letters",
    { ...calm, counts: { ...calm.counts, dead: 2 } },
    notPaused,
    ["warn 2 dead letters to look at."],
  ],
  [
    "a paused fleet and a paused model",
    calm,
    { paused: true, since: "2026-11-25T11:00:00Z", models: [{ model: "m", since: "" }] },
    ["warn The fleet is paused: no task starts.", "warn The model m is paused."],
  ],
])("the alerts for %s are listed", (_name, stats, pauses, expected) => {
  const alerts = alertsOf({ stats, pauses, models: [] }, now);
  expect(alerts.map(({ level, text }) => `${level} ${text}`)).toEqual(expected);
});

test("a model whose endpoint is down has an alert, and other models have none", () => {
  const outage = {
    endpoint: "https://models.example/v1",
    since: "2026-11-25T11:00:00Z",
    next_try_at: "2026-11-25T12:05:00Z",
    message: "HTTP 503",
  };
  const down = { model: "m\u202e", state: "down", outage } as ModelLimit;
  const serving = { model: "other", state: "serving", outage: null } as ModelLimit;
  const alerts = alertsOf({ stats: calm, pauses: null, models: [down, serving] }, now);
  const text = `The model m\u27e8U+202E\u27e9 is ${outageText(outage)}. Its tasks wait.`;
  expect(alerts).toEqual([{ level: "bad", text, href: null }]);
  expect(text).toMatch(/down since .*2026, \d\d:00:00; next try \d\d:05:00/);
});
