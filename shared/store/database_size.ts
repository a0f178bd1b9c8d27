/**
 * How full the database is. Every answer of D1 says so (`meta.size_after`, without free pages): the last one is
 * remembered for each binding, so that most reads cost no call.
 */
import { storeLimits } from "../limits.ts";

export interface DatabaseSize {
  bytes: number;
  bytes_max: number;
  /** From 80 %: `filling`, new work should stop soon. From 95 %: `full`, new work is refused. */
  state: "ok" | "filling" | "full";
}

interface Observation {
  bytes: number;
  at: number;
}

const observations = new WeakMap<D1Database, Observation>();

export function observeSize(db: D1Database, meta: { size_after?: number } | undefined): void {
  const bytes = meta?.size_after;
  if (bytes !== undefined && bytes > 0) observations.set(db, { bytes, at: Date.now() });
}

/** The size of the last answer, if it is not too old. */
export function observedSize(db: D1Database): DatabaseSize | null {
  const last = observations.get(db);
  if (last === undefined || Date.now() - last.at > storeLimits.databaseSizeMsMax) return null;
  return sizeOf(last.bytes);
}

/** Pure. */
export function sizeOf(bytes: number): DatabaseSize {
  const { databaseBytesMax: bytes_max, databaseFillingShare, databaseFullShare } = storeLimits;
  const share = bytes / bytes_max;
  const state =
    share >= databaseFullShare ? "full" : share >= databaseFillingShare ? "filling" : "ok";
  return { bytes, bytes_max, state };
}
