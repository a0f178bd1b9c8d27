/**
 * Finds objects that nothing points at: below a task or a batch that has no row, and results and
 * transcripts of claims that lost their race. Uploads are the user's and are never looked at.
 */
import { isBatchId, isTaskId } from "../../shared/ids.ts";
import { retentionLimits } from "../../shared/limits.ts";
import { deleteObjects, listObjects, objectPrefixes } from "../../shared/objects.ts";
import type { CleanupCursor } from "../../shared/store/cleanup_cursors.ts";
import { batchesAmong, type Keeper, keepersOf } from "../../shared/store/retention.ts";
import type { ProducerEnv } from "../env.ts";
import type { Cleared } from "./retention.ts";

/** An object of R2, as far as this asks. */
interface Held {
  key: string;
  uploaded: Date;
}

/** One page of all objects of tasks. */
export async function clearTaskObjects(env: ProducerEnv, walk: CleanupCursor): Promise<Cleared> {
  const { objects, last } = await listObjects(env.OBJECTS, objectPrefixes.tasks, walk.position);
  const old = objects.filter((object) => isOld(object, walk.now));
  const ids = idsIn(old).filter(isTaskId);
  const keepers = ids.length === 0 ? [] : await keepersOf(env.DB, ids);
  const orphans = taskOrphans(old, keepers);
  await deleteObjects(env.OBJECTS, orphans);
  return { rows: 0, objects: orphans.length, last };
}

/** One page of all objects of batches. */
export async function clearBatchObjects(env: ProducerEnv, walk: CleanupCursor): Promise<Cleared> {
  const { objects, last } = await listObjects(env.OBJECTS, objectPrefixes.batches, walk.position);
  const old = objects.filter((object) => isOld(object, walk.now));
  const ids = idsIn(old).filter(isBatchId);
  const known = new Set(ids.length === 0 ? [] : await batchesAmong(env.DB, ids));
  const orphans = old
    .map(({ key }) => key)
    .filter((key) => isBatchId(idOf(key)) && !known.has(idOf(key)));
  await deleteObjects(env.OBJECTS, orphans);
  return { rows: 0, objects: orphans.length, last };
}

const isOld = ({ uploaded }: Held, now: number): boolean =>
  uploaded.getTime() <= now - retentionLimits.orphanMsMin;

/** `tasks/<tenant>/<id>/…` and `batches/<tenant>/<id>/…` */
const idOf = (key: string): string => key.split("/")[2] ?? "";

const idsIn = (objects: readonly Held[]): string[] => [
  ...new Set(objects.map(({ key }) => idOf(key))),
];

/**
 * The keys that nothing points at and nothing ever will: a fence below the row's own that no run in its
 * history has was overtaken, and fences only rise. Keys that are none of ours are left alone.
 */
export function taskOrphans(objects: readonly Held[], keepers: readonly Keeper[]): string[] {
  const known = new Map<string, readonly number[]>();
  const coming = new Set<string>();
  for (const { id, fences } of keepers) {
    if (fences === null) coming.add(id);
    else known.set(id, fences);
  }
  return objects
    .map(({ key }) => key)
    .filter((key) => {
      const [, , id = "", part = ""] = key.split("/");
      if (!isTaskId(id)) return false;
      const fences = known.get(id);
      if (fences === undefined) return !coming.has(id);
      if (!/^\d+$/.test(part)) return false;
      const fence = Number(part);
      return fence < Math.max(...fences) && !fences.includes(fence);
    });
}
