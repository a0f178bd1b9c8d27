/**
 * Removes objects without an owner: those of a task or a batch that has no row, and results and transcripts
 * of claims that lost their race. Uploads belong to the user and are never removed.
 */

import { deleteObjects, listObjects, objectPrefixes } from "../../shared/files/objects.ts";
import { isBatchId, isTaskId } from "../../shared/identity/ids.ts";
import { retentionLimits } from "../../shared/limits.ts";
import type { CleanupCursor } from "../../shared/store/cleanup/cleanup_cursors.ts";
import {
  listExistingBatches,
  readTaskRuns,
  type TaskRuns,
} from "../../shared/store/cleanup/task_runs.ts";
import type { ProducerEnv } from "../env.ts";
import type { RemovedPage } from "./retention.ts";

/** An object of R2. */
interface StoredObject {
  key: string;
  uploaded: Date;
}

/** One page of all objects of tasks. */
export async function cleanTaskObjects(
  env: ProducerEnv,
  cleanup: CleanupCursor,
): Promise<RemovedPage> {
  const { objects, last } = await listObjects(env.OBJECTS, objectPrefixes.tasks, cleanup.position);
  const oldObjects = objects.filter((object) => isOld(object, cleanup.now));
  const ids = idsIn(oldObjects).filter(isTaskId);
  const runs = ids.length === 0 ? [] : await readTaskRuns(env.DB, ids);
  const orphans = findTaskOrphans(oldObjects, runs);
  await deleteObjects(env.OBJECTS, orphans);
  return { rows: 0, objects: orphans.length, last };
}

/** One page of all objects of batches. */
export async function cleanBatchObjects(
  env: ProducerEnv,
  cleanup: CleanupCursor,
): Promise<RemovedPage> {
  const { objects, last } = await listObjects(
    env.OBJECTS,
    objectPrefixes.batches,
    cleanup.position,
  );
  const oldObjects = objects.filter((object) => isOld(object, cleanup.now));
  const ids = idsIn(oldObjects).filter(isBatchId);
  const existingBatches = new Set(ids.length === 0 ? [] : await listExistingBatches(env.DB, ids));
  const orphans = oldObjects
    .map(({ key }) => key)
    .filter((key) => isBatchId(idOf(key)) && !existingBatches.has(idOf(key)));
  await deleteObjects(env.OBJECTS, orphans);
  return { rows: 0, objects: orphans.length, last };
}

const isOld = ({ uploaded }: StoredObject, now: number): boolean =>
  uploaded.getTime() <= now - retentionLimits.orphanMsMin;

/** `tasks/<tenant>/<id>/…` and `batches/<tenant>/<id>/…` */
const idOf = (key: string): string => key.split("/")[2] ?? "";

const idsIn = (objects: readonly StoredObject[]): string[] => [
  ...new Set(objects.map(({ key }) => idOf(key))),
];

/**
 * The keys that no row refers to, now or later: a fence below the row's own that is not in its history
 * belongs to an overtaken claim, and fences only rise. Keys of another form are kept.
 */
export function findTaskOrphans(
  objects: readonly StoredObject[],
  runs: readonly TaskRuns[],
): string[] {
  const fencesByTask = new Map<string, readonly number[]>();
  const unexpandedBatches = new Set<string>();
  for (const { id, fences } of runs) {
    if (fences === null) unexpandedBatches.add(id);
    else fencesByTask.set(id, fences);
  }
  return objects
    .map(({ key }) => key)
    .filter((key) => {
      const [, , id = "", part = ""] = key.split("/");
      if (!isTaskId(id)) return false;
      const fences = fencesByTask.get(id);
      if (fences === undefined) return !unexpandedBatches.has(id);
      if (!/^\d+$/.test(part)) return false;
      const fence = Number(part);
      return fence < Math.max(...fences) && !fences.includes(fence);
    });
}
