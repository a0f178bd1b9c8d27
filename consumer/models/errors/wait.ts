import { modelLimits } from "../../../shared/limits.ts";
import { isRecord } from "../../../shared/text/json.ts";

const dayMs = 86_400_000;
/** A number above this is an instant in seconds since 1970, and a thousand times it one in milliseconds. */
const epochSecondsMin = 1_000_000_000;
const epochMsMin = 1_000_000_000_000;

const boundWait = (ms: number): number | undefined =>
  Number.isFinite(ms)
    ? Math.round(Math.min(Math.max(ms, 0), modelLimits.retryAfterMsMax))
    : undefined;

/** The wait of a Retry-After, as seconds or as a date, in milliseconds; undefined where unreadable. */
export function retryAfterMs(value: string | null, nowMs: number): number | undefined {
  if (value === null || value.trim() === "") return undefined;
  const seconds = Number(value);
  return boundWait(Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(value) - nowMs);
}

/** Milliseconds until the next 00:00 UTC, when the daily allocation returns. */
export function untilMidnightUtcMs(nowMs: number): number {
  return dayMs - (nowMs % dayMs);
}

/**
 * The wait that an answer's headers ask for, as the text of a Retry-After, or null. Milliseconds win
 * over seconds; a reset counts only where its own `remaining` is used up or absent.
 */
export function waitHeader(headers: Headers, nowMs: number): string | null {
  const ms = Number(headers.get("retry-after-ms") ?? Number.NaN);
  if (Number.isFinite(ms)) return String(ms / 1_000);
  const retryAfter = headers.get("retry-after");
  if (retryAfterMs(retryAfter, nowMs) !== undefined) return retryAfter;
  const resets = [...headers].flatMap(([name, value]): number[] => {
    const match = /^(x-ratelimit-|ratelimit-|anthropic-ratelimit-)(.{0,40})$/.exec(name);
    if (match === null || !name.includes("reset")) return [];
    const remaining = headers.get(name.replace("reset", "remaining"));
    if (remaining !== null && Number(remaining) > 0) return [];
    const wait = resetMs(value, nowMs);
    return wait === undefined ? [] : [wait];
  });
  return resets.length === 0 ? null : String(Math.max(...resets) / 1_000);
}

/** A reset as a duration (`1m2.5s`), seconds, an instant since 1970, or a date. */
function resetMs(value: string, nowMs: number): number | undefined {
  const text = value.trim().slice(0, 40);
  const number = Number(text);
  if (text !== "" && Number.isFinite(number)) {
    if (number >= epochMsMin) return boundWait(number - nowMs);
    return boundWait(number >= epochSecondsMin ? number * 1_000 - nowMs : number * 1_000);
  }
  return durationMs(text) ?? boundWait(Date.parse(text) - nowMs);
}

const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** `1h2m3.5s`, `120ms` in milliseconds; undefined for another text. */
function durationMs(text: string): number | undefined {
  let sum = 0;
  let rest = text;
  while (rest !== "") {
    const part = /^(\d{1,9}(?:\.\d{1,9})?)(h|ms|m|s)/.exec(rest);
    if (part?.[1] === undefined || part[2] === undefined) return undefined;
    sum += Number(part[1]) * (units[part[2]] ?? 0);
    rest = rest.slice(part[0].length);
  }
  return text === "" ? undefined : boundWait(sum);
}

const phrase = /(?:try again|retry|wait)[^\d]{0,30}(\d[\w. ]{0,20})/i;

/** The wait that the body itself names: Google's RetryInfo, an echoed header, a field, or its text. */
export function waitInBody(body: unknown, text: string, nowMs: number): number | undefined {
  return fieldWait(body, nowMs, 6) ?? textWait(text);
}

function fieldWait(part: unknown, nowMs: number, depth: number): number | undefined {
  if (depth === 0 || typeof part !== "object" || part === null) return undefined;
  if (isRecord(part)) {
    for (const [key, value] of Object.entries(part)) {
      const name = key.toLowerCase();
      const text = typeof value === "string" || typeof value === "number" ? String(value) : null;
      if (text === null) continue;
      if (name === "retrydelay") return durationMs(text);
      if (["estimated_time", "retry_after", "retry_after_seconds"].includes(name)) {
        return retryAfterMs(text, nowMs);
      }
      if (["retry-after", "x-ratelimit-reset"].includes(name)) return resetMs(text, nowMs);
    }
  }
  for (const inner of Object.values(part).slice(0, 20)) {
    const wait = fieldWait(inner, nowMs, depth - 1);
    if (wait !== undefined) return wait;
  }
  return undefined;
}

function textWait(text: string): number | undefined {
  const match = phrase.exec(text)?.[1];
  if (match === undefined) return undefined;
  const compact = /^[\d.hms]+/.exec(match)?.[0].replace(/\.$/, "") ?? "";
  const exact = durationMs(compact);
  if (exact !== undefined) return exact;
  const words = /^(\d+(?:\.\d+)?) ?(ms|milli|s|m|h)/i.exec(match);
  if (words?.[1] === undefined || words[2] === undefined) return undefined;
  const unit = words[2].toLowerCase() === "milli" ? "ms" : words[2].toLowerCase();
  return boundWait(Number(words[1]) * (units[unit] ?? 0));
}
