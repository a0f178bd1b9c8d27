/** Numbers, spans and times as people read them. Pure. */
import { oneLine } from "./visible.ts";

const whole = new Intl.NumberFormat("en");
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export const count = (value: number): string => whole.format(value);
export const compact = (value: number): string =>
  Math.abs(value) < 10_000 ? whole.format(Math.round(value)) : short.format(value);

/** Dollars with the digits that matter: cents where there are dollars, more where there are none. */
export function dollars(value: number): string {
  if (value === 0) return "$0";
  if (value >= 1_000) return `$${short.format(value)}`;
  if (value >= 0.1) return `$${value.toFixed(2)}`;
  if (value < 0.000_01) return "< $0.00001";
  return `$${value.toFixed(5).replace(/0+$/, "")}`;
}

/** What was spent; a model without a known price is counted as nothing, which is not free. */
export const costOf = (used: { cost_usd: number; unpriced_tokens: number }): string =>
  used.unpriced_tokens > 0 && used.cost_usd === 0 ? "unpriced" : dollars(used.cost_usd);

const units = ["B", "KB", "MB", "GB", "TB"];

export function bytes(value: number): string {
  let size = value;
  let unit = 0;
  while (size >= 1_000 && unit < units.length - 1) {
    size /= 1_000;
    unit += 1;
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}

/** A span of milliseconds in its two largest units. */
export function span(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60_000) / 1_000)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** How long ago, or how far ahead. */
export function distance(iso: string, now: number): string {
  const ms = now - Date.parse(iso);
  const size = span(Math.abs(ms)).split(" ").slice(0, 2).join(" ");
  if (Math.abs(ms) < 1_000) return "now";
  return ms >= 0 ? `${size} ago` : `in ${size}`;
}

const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const moment = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
const hour = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

/** In the reader's own time zone. */
export const dateTime = (iso: string): string => moment.format(new Date(iso));
export const clockTime = (iso: string): string => hour.format(new Date(iso));

/** A day of the ledger, which begins at 00:00 UTC. */
export const dayOf = (iso: string): string => day.format(new Date(iso));

/** The end of an id: what tells two of them apart at a glance. */
export function shortId(id: string): string {
  const [kind = "", rest = ""] = id.split("_");
  return rest.length <= 12 ? id : `${kind}_\u2026${rest.slice(-10)}`;
}

/** A word of the wire, such as a reason or a code, as people read it. */
export const words = (text: string): string => oneLine(text, 80).replaceAll("_", " ");
