/**
 * Finds out that the database was restored to an earlier state: the cron writes a mark to D1 and then to R2, so a
 * mark in R2 that is newer than the one in D1 was written after that state. Then the epoch is raised, which sets
 * aside every live task, and results that such tasks left in R2 are adopted.
 */
import {
  getText,
  listObjects,
  objectKeys,
  objectPrefixes,
  putObject,
  sha256Hex,
} from "../../shared/files/objects.ts";
import { restoreLimits, sweepLimits } from "../../shared/limits.ts";
import { log } from "../../shared/platform/log.ts";
import { queriesOf } from "../../shared/store/counted_database.ts";
import {
  adoptResult,
  type FleetEpoch,
  type FoundResult,
  markEpoch,
  parkRestored,
  raiseEpoch,
  readEpoch,
  type SetAsideTask,
} from "../../shared/store/restores.ts";
import type { ProducerEnv } from "../env.ts";

/**
 * Finds out whether the database was restored: then its epoch or its mark is older than the copy in R2, and the epoch
 * is raised, which sets the live tasks aside. Returns the fleet's current epoch.
 */
export async function watchRestores(env: ProducerEnv): Promise<FleetEpoch> {
  const stored = await readEpoch(env.DB);
  const mark = parseMark(await getText(env.OBJECTS, objectKeys.epoch()));
  if (mark.epoch > stored.epoch || mark.marked_at > stored.marked_at) {
    const epoch = await raiseEpoch(env.DB, stored, Math.max(mark.epoch, stored.epoch) + 1);
    if (epoch === null) return readEpoch(env.DB);
    log("database_restored", { epoch: epoch.epoch, marked_at: stored.marked_at });
    await putMark(env, epoch);
    return epoch;
  }
  const current = await markEpoch(env.DB, stored);
  if (current === null) return readEpoch(env.DB);
  await putMark(env, current);
  return current;
}

const putMark = ({ OBJECTS }: ProducerEnv, { epoch, marked_at }: FleetEpoch) =>
  putObject(OBJECTS, objectKeys.epoch(), JSON.stringify({ epoch, marked_at }));

const parseMark = (text: string | null): Pick<FleetEpoch, "epoch" | "marked_at"> =>
  text === null ? { epoch: 0, marked_at: 0 } : (JSON.parse(text) as FleetEpoch);

/** A few pages each minute: parks what waits, and settles what has left a result. */
export async function setAside(env: ProducerEnv, { parking }: FleetEpoch): Promise<void> {
  if (parking === 0) return;
  for (let page = 0; page < restoreLimits.pagesPerTickMax; page++) {
    if (queriesOf(env.DB) >= sweepLimits.queriesMax) return;
    const tasks = await parkRestored(env.DB);
    if (tasks.length === 0) return;
    let adoptions = 0;
    for (const found of await findResults(env, tasks)) {
      if (await adoptResult(env.DB, found)) adoptions += 1;
    }
    log("tasks_set_aside", { tasks: tasks.length, adopted: adoptions });
  }
}

async function findResults(
  env: ProducerEnv,
  tasks: readonly SetAsideTask[],
): Promise<FoundResult[]> {
  const results: FoundResult[] = [];
  for (const task of tasks) {
    const prefix = `${objectPrefixes.tasksOf(task.tenant)}${task.id}/`;
    const { objects } = await listObjects(env.OBJECTS, prefix, "");
    const fences = objects.flatMap(({ key }) => {
      const [, fence] = /\/(\d+)\/result\.json$/.exec(key) ?? [];
      return fence === undefined ? [] : [Number(fence)];
    });
    const fence = Math.max(...fences);
    if (fence < task.fence || fences.length === 0) continue;
    const key = objectKeys.result(task.tenant, task.id, fence);
    const text = await getText(env.OBJECTS, key);
    if (text === null) continue;
    const { usage, output } = JSON.parse(text) as { usage: unknown; output: unknown };
    const bytes = new TextEncoder().encode(text);
    results.push({
      ...task,
      result: { key, fence, sha256: await sha256Hex(bytes), bytes: bytes.byteLength },
      usageJson: JSON.stringify(usage),
      outputJson: text.length <= restoreLimits.outputCharsMax ? JSON.stringify(output) : null,
    });
  }
  return results;
}
