/**
 * Removes what is past its retention, one page of a cleanup at a time: rows first, then their objects. A
 * crash between the two leaves objects without a row, which orphans.ts finds.
 */

import {
  deleteObjects,
  listObjects,
  objectKeys,
  objectPrefixes,
} from "../../shared/files/objects.ts";
import { idBound } from "../../shared/identity/ids.ts";
import { retentionLimits } from "../../shared/limits.ts";
import { listWideTasks, moveBodies } from "../../shared/store/cleanup/body_moves.ts";
import type { CleanupCursor } from "../../shared/store/cleanup/cleanup_cursors.ts";
import { listOldBatches, removeBatches } from "../../shared/store/cleanup/old_batches.ts";
import {
  listOldDeadMessages,
  listOldWebhooks,
  removeDeadMessages,
  removeWebhooks,
} from "../../shared/store/cleanup/old_messages.ts";
import { removePolicies } from "../../shared/store/cleanup/old_policies.ts";
import { listOldTasks, removeTasks } from "../../shared/store/cleanup/old_tasks.ts";
import { listExpiredFiles, removeFile } from "../../shared/store/openai/files.ts";
import type { ProducerEnv } from "../env.ts";

/** What one page removed, and the last key that it read; null at the end of the cleanup. */
export interface RemovedPage {
  rows: number;
  objects: number;
  last: string | null;
}

export async function cleanTasks(
  env: ProducerEnv,
  cleanup: CleanupCursor,
  retentionMs: number,
): Promise<RemovedPage> {
  const before = cleanup.now - retentionMs;
  const page = { after: cleanup.position, bound: idBound("task", before), before };
  const { found, last } = await listOldTasks(env.DB, page);
  let rows = 0;
  let objects = 0;
  for (const group of groupByDecisions(found)) {
    const removedIds = new Set(await removeTasks(env.DB, group, before));
    rows += removedIds.size;
    const ofTenant = Map.groupBy(
      group.filter(({ id }) => removedIds.has(id)),
      ({ tenant }) => tenant,
    );
    for (const [tenant, tasks] of ofTenant) {
      objects += await removeTaskObjects(
        env.OBJECTS,
        tenant,
        tasks.map(({ id }) => id),
      );
    }
  }
  return { rows, objects, last };
}

/** Groups whose decisions one transaction can delete; a task with more of them is a group by itself. */
function groupByDecisions<T extends { decisions: number }>(tasks: readonly T[]): T[][] {
  const groups: T[][] = [];
  let decisions = Number.POSITIVE_INFINITY;
  for (const task of tasks) {
    if (decisions + task.decisions > retentionLimits.decisionsPerDeleteMax) {
      groups.push([]);
      decisions = 0;
    }
    groups.at(-1)?.push(task);
    decisions += task.decisions;
  }
  return groups;
}

/**
 * Removes the objects of removed tasks. Their ids are neighbours, so their keys are too: one list from the
 * first to the last costs a hundredth of one list per task.
 */
async function removeTaskObjects(
  bucket: R2Bucket,
  tenant: string,
  ids: readonly string[],
): Promise<number> {
  const [first] = ids;
  if (first === undefined) return 0;
  const ofRemoved = new Set(ids);
  const prefix = objectPrefixes.tasksOf(tenant);
  // "0" follows "/": every key below the last id sorts before this.
  const end = `${prefix}${ids.at(-1)}0`;
  let after = `${prefix}${first}`;
  let removedCount = 0;
  for (;;) {
    const { objects, last } = await listObjects(bucket, prefix, after);
    const keys = objects
      .map(({ key }) => key)
      .filter((key) => ofRemoved.has(key.slice(prefix.length).split("/")[0] ?? ""));
    await deleteObjects(bucket, keys);
    removedCount += keys.length;
    if (last === null || last >= end) return removedCount;
    after = last;
  }
}

/** Nothing is removed: bodies of tasks that an older release settled get the place of new ones. */
export async function moveTaskBodies(
  env: ProducerEnv,
  cleanup: CleanupCursor,
): Promise<RemovedPage> {
  const { found, last } = await listWideTasks(env.DB, cleanup.position);
  await moveBodies(env.DB, found);
  return { rows: 0, objects: 0, last };
}

export async function cleanBatches(
  env: ProducerEnv,
  cleanup: CleanupCursor,
  retentionMs: number,
): Promise<RemovedPage> {
  const before = cleanup.now - retentionMs;
  const page = { after: cleanup.position, bound: idBound("batch", before), before };
  const { found, last } = await listOldBatches(env.DB, page);
  if (found.length === 0) return { rows: 0, objects: 0, last };
  const removedIds = new Set(await removeBatches(env.DB, found, before));
  let objects = 0;
  for (const { tenant, id } of found) {
    if (!removedIds.has(id)) continue;
    const listed = await listObjects(env.OBJECTS, objectPrefixes.batch(tenant, id), "");
    await deleteObjects(
      env.OBJECTS,
      listed.objects.map(({ key }) => key),
    );
    objects += listed.objects.length;
  }
  return { rows: removedIds.size, objects, last };
}

/** Webhooks, delivered or dead. */
export async function cleanWebhooks(
  env: ProducerEnv,
  cleanup: CleanupCursor,
  retentionMs: number,
): Promise<RemovedPage> {
  const before = cleanup.now - retentionMs;
  const page = { after: cleanup.position, bound: idBound("hook", before), before };
  const { found, last } = await listOldWebhooks(env.DB, page);
  const rows = found.length === 0 ? 0 : await removeWebhooks(env.DB, found, before);
  return { rows, objects: 0, last };
}

/** Messages of the inbox that gave no task. */
export async function cleanDeadMessages(
  env: ProducerEnv,
  cleanup: CleanupCursor,
  retentionMs: number,
): Promise<RemovedPage> {
  const page = { after: cleanup.position, before: cleanup.now - retentionMs };
  const { found, last } = await listOldDeadMessages(env.DB, page);
  const rows = found.length === 0 ? 0 : await removeDeadMessages(env.DB, found);
  return { rows, objects: 0, last };
}

/** One page is the whole cleanup: there are few policies. */
export async function cleanPolicies(
  env: ProducerEnv,
  cleanup: CleanupCursor,
  retentionMs: number,
): Promise<RemovedPage> {
  const cutoff = cleanup.now - retentionMs;
  // A running consumer may pin a policy that it stored within the last day; twice that is safe.
  const before = cutoff - 2 * retentionLimits.policiesStoreMs;
  const rows = await removePolicies(env.DB, { bound: idBound("task", cutoff), before });
  return { rows, objects: 0, last: null };
}

/** Uploads in OpenAI's format have their own expiry. Their objects go first, so that none is left without a row. */
export async function cleanFiles(env: ProducerEnv, cleanup: CleanupCursor): Promise<RemovedPage> {
  const { found, last } = await listExpiredFiles(env.DB, cleanup.position);
  await deleteObjects(
    env.OBJECTS,
    found.map(({ tenant, id }) => objectKeys.file(tenant, id)),
  );
  for (const { tenant, id } of found) await removeFile(env.DB, tenant, id);
  return { rows: found.length, objects: found.length, last };
}
