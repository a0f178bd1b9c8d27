/**
 * The calm after the drain: days pass and the sweep clears away. Checked from outside: no orphan is left,
 * nothing that lives is gone, and what is past its time is gone whole. The rules are written down again.
 */
import { env } from "cloudflare:workers";
import { newBatchId, newTaskId } from "../../shared/ids.ts";
import type { TaskRow } from "../../shared/store/task_row.ts";
import { type Evidence, gather, type History } from "./evidence.ts";
import type { World } from "./world.ts";

const hour = 3_600_000;
const day = 24 * hour;
/** A walk begins anew an hour after its end, and goes on two minutes after its sweep died. */
const rounds = 3;
const troubledSweeps = 4;

export interface Clearing {
  violations: string[];
  orphans: number;
  removed: number;
}

export async function clear(world: World, history: History, before: Evidence): Promise<Clearing> {
  const planted = await plant(before);
  const orphans = orphansIn(before).length + planted.length;
  world.clock.advance(2 * day);
  await sweeps(world);
  const after = await gather(history);
  const found = [
    ...orphansIn(after).map((key) => `${key} is an orphan and still there`),
    ...missing(before, after),
  ];
  const live = await again(world, after);
  world.clock.advance(31 * day);
  await sweeps(world);
  const end = await gather(history);
  found.push(...left(after, end, live));
  return {
    violations: found.map((text) => `cleared: ${text}`),
    orphans,
    removed: before.rows.length - end.rows.length,
  };
}

/** Objects that a kill may have left: there are some in every run. */
async function plant({ rows }: Evidence): Promise<string[]> {
  const keys = [
    `tasks/default/${newTaskId()}/task.json`,
    `batches/default/${newBatchId()}/input.jsonl`,
  ];
  const lost = rows.find((row) => row.fence > 1 && !fencesOf(row).includes(row.fence - 1));
  if (lost !== undefined)
    keys.push(`tasks/${lost.tenant}/${lost.id}/${lost.fence - 1}/result.json`);
  await Promise.all(keys.map((key) => env.OBJECTS.put(key, "{}")));
  return keys;
}

/** With faults and two at once, then without, until every walk has been at its end. */
async function sweeps(world: World): Promise<void> {
  world.stirUp();
  for (let n = 0; n < troubledSweeps; n++) {
    await Promise.all(n % 2 === 0 ? [world.sweep(), world.sweep()] : [world.sweep()]);
    world.clock.advance(130_000);
  }
  await world.calmDown();
  for (let n = 0; n < rounds; n++) {
    world.clock.advance(hour + 60_000);
    await world.sweep();
  }
}

const fencesOf = (row: TaskRow): number[] => [
  row.fence,
  ...(JSON.parse(row.history) as { fence: number }[]).map(({ fence }) => fence),
];

function orphansIn({ rows, batchRows, objects }: Evidence): string[] {
  const tasks = new Map(rows.map((row) => [row.id, row]));
  const batches = new Set(batchRows.map(({ id }) => id));
  return [...objects.keys()].filter((key) => {
    const [kind, , id = "", part = ""] = key.split("/");
    if (kind === "batches") return !batches.has(id);
    if (kind !== "tasks") return false;
    const row = tasks.get(id);
    if (row === undefined) return true;
    return /^\d+$/.test(part) && !fencesOf(row).includes(Number(part));
  });
}

/** Rows and objects that nothing but time should remove, and little time has passed. */
function missing(before: Evidence, after: Evidence): string[] {
  const found: string[] = [];
  const ids = new Set(after.rows.map(({ id }) => id));
  for (const { id } of before.rows) if (!ids.has(id)) found.push(`${id} is gone after two days`);
  const orphans = new Set(orphansIn(before));
  for (const key of before.objects.keys()) {
    if (!after.objects.has(key) && !orphans.has(key))
      found.push(`${key} is gone and was no orphan`);
  }
  if (after.egress.length !== before.egress.length) found.push("decisions are gone after two days");
  return found;
}

/** Sends one settled task through again and delivers nothing, so that it lives on. */
async function again(world: World, { rows }: Evidence): Promise<TaskRow | null> {
  const row = rows.find(({ status }) => !["succeeded", "queued", "running"].includes(status));
  if (row === undefined) return null;
  const path = `/v1/tasks/${row.id}/redrive`;
  const answer = await world.request("POST", path, '{"mode":"restart"}', { redrives: true });
  return answer?.status === 202 ? row : null;
}

/** A month later: the task that lives, with its batch and all that belongs to them, and nothing else. */
function left(before: Evidence, end: Evidence, live: TaskRow | null): string[] {
  const stays = ({ id, batch_id }: TaskRow): boolean =>
    live !== null && (id === live.id || (batch_id !== null && batch_id === live.batch_id));
  const expected = new Set(before.rows.filter(stays).map(({ id }) => id));
  const found: string[] = [];
  const ids = new Set(end.rows.map(({ id }) => id));
  for (const id of expected)
    if (!ids.has(id)) found.push(`${id} is gone while it, or its batch, lives`);
  for (const id of ids) if (!expected.has(id)) found.push(`${id} outlived its time`);
  for (const { id } of end.batchRows) {
    if (id !== live?.batch_id) found.push(`${id} outlived its time`);
  }
  const owned = (owner: string): boolean => expected.has(owner) || owner === live?.batch_id;
  const decisions = (of: Evidence): number =>
    of.egress.filter(({ task_id }) => owned(task_id)).length;
  if (end.egress.some(({ task_id }) => !owned(task_id)))
    found.push("decisions of tasks that are gone are left");
  if (decisions(end) !== decisions(before)) found.push("decisions of a live task are gone");
  for (const key of end.objects.keys()) {
    const [kind = "", , id = ""] = key.split("/");
    if (["tasks", "batches"].includes(kind) && !owned(id)) found.push(`${key} outlived its owner`);
  }
  for (const key of before.objects.keys()) {
    if (owned(key.split("/")[2] ?? "") && !end.objects.has(key))
      found.push(`${key} is gone while its task lives`);
  }
  return found;
}
