/**
 * Removes what is past its time, one page of a walk at a time: rows first, then the objects that they
 * pointed at. A crash between the two leaves objects without a row, which orphans.ts finds.
 */
import { idBound } from "../../shared/ids.ts";
import { retentionLimits } from "../../shared/limits.ts";
import { deleteObjects, listObjects, objectKeys, objectPrefixes } from "../../shared/objects.ts";
import type { CleanupCursor } from "../../shared/store/cleanup_cursors.ts";
import { oldFiles, removeFile } from "../../shared/store/files.ts";
import {
  oldBatches,
  oldDeadMessages,
  oldTasks,
  oldWebhooks,
  removeBatches,
  removeDeadMessages,
  removePolicies,
  removeTasks,
  removeWebhooks,
} from "../../shared/store/retention.ts";
import type { ProducerEnv } from "../env.ts";

/** What one page removed, and the last key that it looked at; null at the walk's end. */
export interface Cleared {
  rows: number;
  objects: number;
  last: string | null;
}

export async function clearTasks(
  env: ProducerEnv,
  walk: CleanupCursor,
  retentionMs: number,
): Promise<Cleared> {
  const before = walk.now - retentionMs;
  const at = { after: walk.position, bound: idBound("task", before), before };
  const { found, last } = await oldTasks(env.DB, at);
  let rows = 0;
  let objects = 0;
  for (const group of bySize(found)) {
    const gone = new Set(await removeTasks(env.DB, group, before));
    rows += gone.size;
    for (const tenant of new Set(group.map((task) => task.tenant))) {
      const ids = group.filter(({ id, tenant: whose }) => whose === tenant && gone.has(id));
      objects += await removeBelow(
        env.OBJECTS,
        tenant,
        ids.map(({ id }) => id),
      );
    }
  }
  return { rows, objects, last };
}

/** Groups whose decisions one transaction can delete; a task with more of them goes by itself. */
function bySize<T extends { decisions: number }>(tasks: readonly T[]): T[][] {
  const groups: T[][] = [];
  let decisions = Number.POSITIVE_INFINITY;
  for (const task of tasks) {
    if (decisions + task.decisions > retentionLimits.decisionsAtOnceMax) {
      groups.push([]);
      decisions = 0;
    }
    groups.at(-1)?.push(task);
    decisions += task.decisions;
  }
  return groups;
}

/**
 * The objects of tasks that are gone. Their ids are neighbours, so their keys are too: one list of the
 * stretch from the first to the last costs a hundredth of one list a task.
 */
async function removeBelow(
  bucket: R2Bucket,
  tenant: string,
  ids: readonly string[],
): Promise<number> {
  const [first] = ids;
  if (first === undefined) return 0;
  const gone = new Set(ids);
  const prefix = objectPrefixes.tasksOf(tenant);
  // "0" follows "/": every key below the last id sorts before this.
  const end = `${prefix}${ids.at(-1)}0`;
  let after = `${prefix}${first}`;
  let removed = 0;
  for (;;) {
    const { objects, last } = await listObjects(bucket, prefix, after);
    const keys = objects
      .map(({ key }) => key)
      .filter((key) => gone.has(key.slice(prefix.length).split("/")[0] ?? ""));
    await deleteObjects(bucket, keys);
    removed += keys.length;
    if (last === null || last >= end) return removed;
    after = last;
  }
}

export async function clearBatches(
  env: ProducerEnv,
  walk: CleanupCursor,
  retentionMs: number,
): Promise<Cleared> {
  const before = walk.now - retentionMs;
  const at = { after: walk.position, bound: idBound("batch", before), before };
  const { found, last } = await oldBatches(env.DB, at);
  if (found.length === 0) return { rows: 0, objects: 0, last };
  const gone = new Set(await removeBatches(env.DB, found, before));
  let objects = 0;
  for (const { tenant, id } of found) {
    if (!gone.has(id)) continue;
    const held = await listObjects(env.OBJECTS, objectPrefixes.batch(tenant, id), "");
    await deleteObjects(
      env.OBJECTS,
      held.objects.map(({ key }) => key),
    );
    objects += held.objects.length;
  }
  return { rows: gone.size, objects, last };
}

/** What was told of the end of tasks and batches, or could not be told. */
export async function clearWebhooks(
  env: ProducerEnv,
  walk: CleanupCursor,
  retentionMs: number,
): Promise<Cleared> {
  const before = walk.now - retentionMs;
  const at = { after: walk.position, bound: idBound("hook", before), before };
  const { found, last } = await oldWebhooks(env.DB, at);
  const rows = found.length === 0 ? 0 : await removeWebhooks(env.DB, found, before);
  return { rows, objects: 0, last };
}

/** Messages of the inbox that made no task. */
export async function clearDeadMessages(
  env: ProducerEnv,
  walk: CleanupCursor,
  retentionMs: number,
): Promise<Cleared> {
  const at = { after: walk.position, before: walk.now - retentionMs };
  const { found, last } = await oldDeadMessages(env.DB, at);
  const rows = found.length === 0 ? 0 : await removeDeadMessages(env.DB, found);
  return { rows, objects: 0, last };
}

/** One page is the whole walk: there are few policies. */
export async function clearPolicies(
  env: ProducerEnv,
  walk: CleanupCursor,
  retentionMs: number,
): Promise<Cleared> {
  const kept = walk.now - retentionMs;
  // A consumer that runs on may pin a policy as long as it told of it within a day; twice that is safe.
  const before = kept - 2 * retentionLimits.policiesToldMs;
  const rows = await removePolicies(env.DB, { bound: idBound("task", kept), before });
  return { rows, objects: 0, last: null };
}

/** Uploads in OpenAI's shape say themselves when they go; their objects go first, so that none is forgotten. */
export async function clearFiles(env: ProducerEnv, walk: CleanupCursor): Promise<Cleared> {
  const { found, last } = await oldFiles(env.DB, walk.position);
  await deleteObjects(
    env.OBJECTS,
    found.map(({ tenant, id }) => objectKeys.file(tenant, id)),
  );
  for (const { tenant, id } of found) await removeFile(env.DB, tenant, id);
  return { rows: found.length, objects: found.length, last };
}
