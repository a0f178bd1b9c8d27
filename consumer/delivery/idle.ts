/**
 * Whether this isolate has just found that no task waits. Many messages outlive their tasks, because slots take
 * tasks without a message: while none waits, a look at the own task saves an admission and a claim.
 */
import { idleLimits } from "../../shared/limits.ts";
import { originalOf } from "../../shared/store/counted_database.ts";
import { waitsForWorker } from "../../shared/store/tasks/claims.ts";

const idleSince = new WeakMap<D1Database, number>();

/** Records whether a task was there to take. */
export function recordIdle(db: D1Database, isIdle: boolean): void {
  if (isIdle) idleSince.set(originalOf(db), Date.now());
  else idleSince.delete(originalOf(db));
}

/** True where no task waits and the own one does not either: its message is not needed. */
export async function isMessageOver(db: D1Database, task: string): Promise<boolean> {
  const since = idleSince.get(originalOf(db)) ?? 0;
  if (Date.now() - since > idleLimits.lookFirstMs) return false;
  return !(await waitsForWorker(db, task));
}
