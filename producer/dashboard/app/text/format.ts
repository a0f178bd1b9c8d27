/** Formats numbers, durations and times for people. Pure. */
import { visibleLine } from "./visible.ts";

const wholeNumber = new Intl.NumberFormat("en");
const shortNumber = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export const count = (value: number): string => wholeNumber.format(value);
export const compact = (value: number): string =>
  Math.abs(value) < 10_000 ? wholeNumber.format(Math.round(value)) : shortNumber.format(value);

/** Dollars with two digits after the point; amounts below ten cents get more. */
export function dollars(value: number): string {
  if (value === 0) return "$0";
  if (value >= 1_000) return `$${shortNumber.format(value)}`;
  if (value >= 0.1) return `$${value.toFixed(2)}`;
  if (value < 0.000_01) return "< $0.00001";
  return `$${value.toFixed(5).replace(/0+$/, "")}`;
}

/** The cost; a model without a known price counts as $0, so it is shown as unpriced and not as free. */
export const costOf = (usage: { cost_usd: number; unpriced_tokens: number }): string =>
  usage.unpriced_tokens > 0 && usage.cost_usd === 0 ? "unpriced" : dollars(usage.cost_usd);

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

/** A duration in its two largest units. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60_000) / 1_000)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Such as "3 min ago" or "in 2 h". */
export function relativeTime(iso: string, now: number): string {
  const ms = now - Date.parse(iso);
  const size = duration(Math.abs(ms)).split(" ").slice(0, 2).join(" ");
  if (Math.abs(ms) < 1_000) return "now";
  return ms >= 0 ? `${size} ago` : `in ${size}`;
}

const dayFormat = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  timeZone: "UTC",
});
const dateTimeFormat = new Intl.DateTimeFormat("en-GB", {
  dateStyle: "medium",
  timeStyle: "medium",
});
const timeFormat = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

/** In the user's time zone. */
export const dateTime = (iso: string): string => dateTimeFormat.format(new Date(iso));
export const clockTime = (iso: string): string => timeFormat.format(new Date(iso));

/** A day of the ledger, which starts at 00:00 UTC. */
export const dayOf = (iso: string): string => dayFormat.format(new Date(iso));

/** The kind and the last characters of an id, enough to distinguish two ids. */
export function shortId(id: string): string {
  const [kind = "", rest = ""] = id.split("_");
  return rest.length <= 12 ? id : `${kind}_\u2026${rest.slice(-10)}`;
}

/** A name of the API, such as a reason or an error code, with spaces. */
export const humanize = (text: string): string => visibleLine(text, 80).replaceAll("_", " ");

/** The reason of a decision. "unknown": the request may have arrived, and the worker died before it knew. */
export const reasonText = (reason: string): string =>
  reason === "unknown" ? "outcome unknown" : humanize(reason);
