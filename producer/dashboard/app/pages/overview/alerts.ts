/** What an operator should look at now. Pure. */
import type { ModelLimit, Pauses, Stats } from "../../data/responses.ts";
import { clockTime, count, dateTime, dollars, duration } from "../../text/format.ts";
import { visibleLine } from "../../text/visible.ts";

export interface Alert {
  level: "bad" | "warn";
  text: string;
  /** The page with the details. */
  href: string | null;
}

const oldestMsMax = 10 * 60_000;
const ceilingShare = 0.8;

interface FleetState {
  stats: Stats;
  /** Null while not known. */
  pauses: Pauses | null;
  models: readonly ModelLimit[];
}

export function alertsOf({ stats, pauses, models }: FleetState, now: number): Alert[] {
  return [
    ...pauseAlerts(pauses),
    ...outageAlerts(models),
    ...spendAlerts(stats.spend_today),
    ...databaseAlerts(stats),
    ...taskAlerts(stats, now),
  ];
}

const warning = (text: string, href: string | null = null): Alert => ({
  level: "warn",
  text,
  href,
});
const error = (text: string): Alert => ({ level: "bad", text, href: null });

function pauseAlerts(pauses: Pauses | null): Alert[] {
  const models = pauses?.models ?? [];
  return [
    ...(pauses?.paused === true ? [warning("The fleet is paused: no task starts.")] : []),
    ...models.map(({ model }) => warning(`The model ${visibleLine(model, 80)} is paused.`)),
  ];
}

const outageAlerts = (models: readonly ModelLimit[]): Alert[] =>
  models.flatMap(({ model, outage }) =>
    outage === null
      ? []
      : [error(`The model ${visibleLine(model, 80)} is ${outageText(outage)}. Its tasks wait.`)],
  );

/** Such as "down since 25 Nov 2026, 12:00:00; next try 12:05:00". */
export const outageText = ({ since, next_try_at }: NonNullable<ModelLimit["outage"]>): string =>
  `down since ${dateTime(since)}; next try ${clockTime(next_try_at)}`;

/** Absent in the answer of an older fleet. */
function databaseAlerts({ database }: Partial<Pick<Stats, "database">>): Alert[] {
  if (database === undefined || database.state === "ok") return [];
  const share = `${Math.round((100 * database.bytes) / database.bytes_max)} % of the database is used`;
  return database.state === "full"
    ? [error(`${share}: new work is refused until old tasks are removed.`)]
    : [warning(`${share}: shorten RETENTION_DAYS before new work is refused.`)];
}

function spendAlerts(spend: Stats["spend_today"]): Alert[] {
  const { cost_usd: spent, ceiling_usd: ceiling, unpriced_tokens: unpriced } = spend;
  const alerts: Alert[] = [];
  if (ceiling !== null && spent >= ceiling) {
    alerts.push(
      error(`Today's ceiling of ${dollars(ceiling)} is spent: tasks wait until 00:00 UTC.`),
    );
  } else if (ceiling !== null && spent >= ceiling * ceilingShare) {
    alerts.push(warning(`${dollars(spent)} of today's ceiling of ${dollars(ceiling)} are spent.`));
  }
  if (unpriced > 0) {
    const text = `${count(unpriced)} tokens of today have no price: set MODEL_PROFILES to count them.`;
    alerts.push(warning(text));
  }
  return alerts;
}

function taskAlerts({ oldest_queued_at: oldest, counts: { dead } }: Stats, now: number): Alert[] {
  const waitedMs = oldest === null ? 0 : now - Date.parse(oldest);
  const alerts: Alert[] = [];
  if (waitedMs > oldestMsMax) {
    const text = `The oldest queued task was accepted ${duration(waitedMs)} ago.`;
    alerts.push(warning(text, "/tasks?status=queued"));
  }
  if (dead > 0) {
    const text = `${count(dead)} dead ${dead === 1 ? "letter" : "letters"} to look at.`;
    alerts.push(warning(text, "/dead-letters"));
  }
  return alerts;
}
