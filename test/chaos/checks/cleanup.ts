/**
 * After the drain, days pass and the sweep cleans up. Checked independently of the product: no orphan is left, no
 * live data is removed, and everything past its retention time is removed completely.
 */
import { env } from "cloudflare:workers";
import { newBatchId, newTaskId } from "../../../shared/identity/ids.ts";
import type { TaskRow } from "../../../shared/store/tasks/task_row.ts";
import type { World } from "../simulation/world.ts";
import { type Evidence, gatherEvidence, type History } from "./evidence.ts";

const hour = 3_600_000;
const day = 24 * hour;
/** A cleanup starts again an hour after its end, and continues two minutes after its sweep died. */
const calmRounds = 3;
const faultySweeps = 4;

export interface CleanupResult {
  violations: string[];
  orphans: number;
  removed: number;
}

export async function checkCleanup(
  world: World,
  history: History,
  before: Evidence,
): Promise<CleanupResult> {
  const planted = await plantOrphans(before);
  const orphans = findOrphans(before).length + planted.length;
  world.clock.advance(2 * day);
  await runSweeps(world);
  const after = await gatherEvidence(history);
  const problems = [
    ...findOrphans(after).map((key) => `${key} is an orphan and was not removed`),
    ...findMissing(before, after),
  ];
  const live = await redriveOne(world, after);
  world.clock.advance(31 * day);
  await runSweeps(world);
  const end = await gatherEvidence(history);
  problems.push(...findLeftovers(after, end, live));
  return {
    violations: problems.map((text) => `cleanup: ${text}`),
    orphans,
    removed: before.rows.length - end.rows.length,
  };
}

/** Adds objects that a kill may leave, so that every run has some. */
async function plantOrphans({ rows }: Evidence): Promise<string[]> {
  const keys = [
    `tasks/default/${newTaskId()}/task.json`,
    `batches/default/${newBatchId()}/input.jsonl`,
  ];
  const lostLease = rows.find((row) => row.fence > 1 && !fencesOf(row).includes(row.fence - 1));
  if (lostLease !== undefined)
    keys.push(`tasks/${lostLease.tenant}/${lostLease.id}/${lostLease.fence - 1}/result.json`);
  await Promise.all(keys.map((key) => env.OBJECTS.put(key, "{}")));
  return keys;
}

/** Sweeps with faults, two at a time, then without faults until every cleanup has reached its end. */
async function runSweeps(world: World): Promise<void> {
  world.enableFaults();
  for (let n = 0; n < faultySweeps; n++) {
    await Promise.all(n % 2 === 0 ? [world.sweep(), world.sweep()] : [world.sweep()]);
    world.clock.advance(130_000);
  }
  await world.disableFaults();
  for (let n = 0; n < calmRounds; n++) {
    world.clock.advance(hour + 60_000);
    await world.sweep();
  }
}

const fencesOf = (row: TaskRow): number[] => [
  row.fence,
  ...(JSON.parse(row.history) as { fence: number }[]).map(({ fence }) => fence),
];

function findOrphans({ rows, batchRows, objects }: Evidence): string[] {
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

/** Rows and objects that were removed before their retention time. */
function findMissing(before: Evidence, after: Evidence): string[] {
  const problems: string[] = [];
  const ids = new Set(after.rows.map(({ id }) => id));
  for (const { id } of before.rows)
    if (!ids.has(id)) problems.push(`${id} was removed after two days`);
  const orphans = new Set(findOrphans(before));
  for (const key of before.objects.keys()) {
    if (!after.objects.has(key) && !orphans.has(key))
      problems.push(`${key} was removed and was not an orphan`);
  }
  if (after.egress.length !== before.egress.length)
    problems.push("decisions were removed after two days");
  return problems;
}

/** Redrives one settled task and delivers no message, so that it stays live. */
async function redriveOne(world: World, { rows }: Evidence): Promise<TaskRow | null> {
  const row = rows.find(({ status }) => !["succeeded", "queued", "running"].includes(status));
  if (row === undefined) return null;
  const path = `/v1/tasks/${row.id}/redrive`;
  const answer = await world.request("POST", path, '{"mode":"restart"}', { redrives: true });
  return answer?.status === 202 ? row : null;
}

/** A month later only the live task and its batch may be left, with all their rows and objects. */
function findLeftovers(before: Evidence, end: Evidence, live: TaskRow | null): string[] {
  const stays = ({ id, batch_id }: TaskRow): boolean =>
    live !== null && (id === live.id || (batch_id !== null && batch_id === live.batch_id));
  const expected = new Set(before.rows.filter(stays).map(({ id }) => id));
  const problems: string[] = [];
  const ids = new Set(end.rows.map(({ id }) => id));
  for (const id of expected)
    if (!ids.has(id)) problems.push(`${id} was removed while it or its batch is live`);
  for (const id of ids) if (!expected.has(id)) problems.push(`${id} was not removed in time`);
  for (const { id } of end.batchRows) {
    if (id !== live?.batch_id) problems.push(`${id} was not removed in time`);
  }
  const owned = (owner: string): boolean => expected.has(owner) || owner === live?.batch_id;
  const decisions = (side: Evidence): number =>
    side.egress.filter(({ task_id }) => owned(task_id)).length;
  if (end.egress.some(({ task_id }) => !owned(task_id)))
    problems.push("decisions of removed tasks are left");
  if (decisions(end) !== decisions(before)) problems.push("decisions of a live task were removed");
  for (const key of end.objects.keys()) {
    const [kind = "", , id = ""] = key.split("/");
    if (["tasks", "batches"].includes(kind) && !owned(id))
      problems.push(`${key} was not removed with its owner`);
  }
  for (const key of before.objects.keys()) {
    if (owned(key.split("/")[2] ?? "") && !end.objects.has(key))
      problems.push(`${key} was removed while its task is live`);
  }
  return problems;
}
