/** MODEL_PATIENCE: how long a continuous outage of a model's endpoint is waited out. */
import { breakerLimits } from "../limits.ts";

const units = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A number and a unit (s, m, h or d), such as 90s, 30m or 1h, in milliseconds; null when it is invalid. */
export function parsePatience(text: string): number | null {
  const [, number, unit] = /^(\d{1,6})(s|m|h|d)$/.exec(text.trim()) ?? [];
  return unit === undefined ? null : Number(number) * units[unit as keyof typeof units];
}

/** Invalid values are refused at the start of a local run; elsewhere they count as unset. */
export const readPatience = (text: string | undefined): number =>
  parsePatience(text ?? "") ?? breakerLimits.patienceMsDefault;
