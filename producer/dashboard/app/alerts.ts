/** What an operator should look at now, from what the overview knows anyway. Pure. */
import { count, dollars, span } from "./format.ts";
import type { Pauses, Stats } from "./shapes.ts";
import { oneLine } from "./visible.ts";

export interface Alert {
  level: "bad" | "warn";
  text: string;
  /** Where more of it stands. */
  href: string | null;
}

const oldestMsMax = 10 * 60_000;
const ceilingShare = 0.8;

export function alertsOf(stats: Stats, pauses: Pauses | null, now: number): Alert[] {
  const alerts: Alert[] = [];
  const warn = (text: string, href: string | null = null) =>
    alerts.push({ level: "warn", text, href });
  if (pauses?.paused === true) warn("The fleet is paused: no task begins.");
  for (const { model } of pauses?.models ?? []) warn(`The model ${oneLine(model, 80)} is paused.`);
  const { cost_usd: spent, ceiling_usd: ceiling, unpriced_tokens: unpriced } = stats.spend_today;
  if (ceiling !== null && spent >= ceiling) {
    const text = `Today's ceiling of ${dollars(ceiling)} is spent: tasks wait until 00:00 UTC.`;
    alerts.push({ level: "bad", text, href: null });
  } else if (ceiling !== null && spent >= ceiling * ceilingShare) {
    warn(`${dollars(spent)} of today's ceiling of ${dollars(ceiling)} are spent.`);
  }
  const waited = stats.oldest_queued_at === null ? 0 : now - Date.parse(stats.oldest_queued_at);
  if (waited > oldestMsMax) {
    warn(`The oldest queued task was accepted ${span(waited)} ago.`, "/tasks?status=queued");
  }
  if (stats.counts.dead > 0) {
    const text = `${count(stats.counts.dead)} dead ${stats.counts.dead === 1 ? "letter" : "letters"} to look at.`;
    warn(text, "/dead-letters");
  }
  if (unpriced > 0) {
    warn(`${count(unpriced)} tokens of today have no price: set MODEL_PROFILES to count them.`);
  }
  return alerts;
}
