/** How long settled tasks and batches are kept: `RETENTION_DAYS`. */
import { retentionLimits } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";

/** The retention in milliseconds; null keeps everything. While the variable is invalid, everything is kept. */
export function readRetention(text: string | undefined): Result<number | null, string> {
  const { daysDefault, daysMax, dayMs } = retentionLimits;
  const trimmedText = text?.trim() ?? "";
  if (trimmedText === "forever") return ok(null);
  const days = trimmedText === "" ? daysDefault : Number(trimmedText);
  if (/^\d*$/.test(trimmedText) && days >= 1 && days <= daysMax) return ok(days * dayMs);
  return err(
    `RETENTION_DAYS is ${JSON.stringify(text)}: write a whole number of days from 1 to ${daysMax}, or "forever"; until then nothing is removed`,
  );
}
