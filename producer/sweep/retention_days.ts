/** How long what is settled stays, as `RETENTION_DAYS` says. */
import { retentionLimits } from "../../shared/limits.ts";

/** `ms` is null where everything is kept. What cannot be read keeps everything, and says so. */
export type Retention = { ok: true; ms: number | null } | { ok: false; message: string };

export function readRetention(text: string | undefined): Retention {
  const { daysDefault, daysMax, dayMs } = retentionLimits;
  const written = text?.trim() ?? "";
  if (written === "forever") return { ok: true, ms: null };
  const days = written === "" ? daysDefault : Number(written);
  if (/^\d*$/.test(written) && days >= 1 && days <= daysMax) return { ok: true, ms: days * dayMs };
  return {
    ok: false,
    message: `RETENTION_DAYS is ${JSON.stringify(text)}: write a whole number of days from 1 to ${daysMax}, or "forever"; until then nothing is removed`,
  };
}
