/**
 * Counts and usage of a batch, summed from one tally for each 500 lines. A tally is recounted only when
 * a task of it has changed since, which triggers note in the very write that changes the task.
 */
import { batchLimits } from "../limits.ts";
import { retrying } from "../retrying.ts";
import { type Status, statuses } from "../states.ts";
import { addUsage, noUsage, readUsage, type Usage } from "../usage.ts";
import type { BatchRow } from "./batches.ts";
import { nowSql } from "./clock.ts";

export const minuteMs = 60_000;

export type Counts = { total: number } & Record<Status, number>;

export interface Tally {
  /** Lines that are not expanded yet count as queued. */
  counts: Counts;
  usage: Usage;
  /** The first claim of its tasks, and the last settlement; milliseconds since 1970 UTC. */
  startedAt: number | null;
  finishedAt: number | null;
}

export interface TallyRow extends Record<Status, number> {
  batch_id: string;
  /** Lines `chunk * 500` up to the next chunk's. */
  chunk: number;
  stale: number;
  /** Raised by each recount: what was made of an older one does not count. */
  version: number;
  usage: string;
  started_at: number | null;
  finished_at: number | null;
  /** The R2 key of its results, once all its tasks have ended. */
  results_key: string | null;
  /** JSON: what ended in which minute; null in one that was counted by an older version. */
  ended: string | null;
}

/** What a batch's tallies add up to, in the shape of one. */
type Summed = Omit<TallyRow, "chunk" | "version" | "results_key" | "ended">;

const countsSql = statuses
  .map((status) => `SUM(tasks.status = '${status}') AS ${status}`)
  .join(", ");
const countedSql = statuses.map((status) => `${status} = fresh.${status}`).join(", ");
const usageSql = Object.keys(noUsage)
  .map((field) => `'${field}', SUM(COALESCE(usage->>'${field}', 0))`)
  .join(", ");
const idSql = "'task_' || substr(wanted.batch_id, 7) || printf('-%06d', ";
/** That a task, under the alias `of`, is one of the lines of the tally `wanted`. */
export const inTallySql = (of: string): string =>
  `${of}.id >= ${idSql} wanted.chunk * ${batchLimits.tallyTasks})
   AND ${of}.id < ${idSql} (wanted.chunk + 1) * ${batchLimits.tallyTasks})`;

/** What ended in each minute: a minute's beginning, a status, tasks, tokens, dollars. */
const endedSql = `(
  SELECT json_group_array(json_array(at, status, tasks, tokens, cost_usd)) FROM (
    SELECT one.finished_at / ${minuteMs} * ${minuteMs} AS at, one.status, COUNT(*) AS tasks,
      SUM(one.usage->>'prompt_tokens' + one.usage->>'completion_tokens') AS tokens,
      SUM(one.usage->>'cost_usd') AS cost_usd
    FROM tasks AS one WHERE ${inTallySql("one")} AND one.finished_at IS NOT NULL
    GROUP BY at, one.status))`;

/** The batches that are meant: a JSON list of their ids. */
const amongSql = "batch_id IN (SELECT value FROM json_each(?1))";

/** One statement, so that no task changes between the count and the mark. */
const recountSql = `
  UPDATE batch_tallies SET stale = 0, version = version + 1, results_key = NULL, ${countedSql},
    usage = fresh.usage, ended = fresh.ended, started_at = fresh.started_at, finished_at = fresh.finished_at
  FROM (
    SELECT wanted.batch_id, wanted.chunk, ${countsSql}, json_object(${usageSql}) AS usage,
      MIN(tasks.started_at) AS started_at, MAX(tasks.finished_at) AS finished_at, ${endedSql} AS ended
    FROM (SELECT batch_id, chunk FROM batch_tallies
          WHERE ${amongSql} AND stale = 1 ORDER BY batch_id, chunk LIMIT ?2) AS wanted
    CROSS JOIN tasks ON ${inTallySql("tasks")}
    GROUP BY wanted.batch_id, wanted.chunk) AS fresh
  WHERE batch_tallies.batch_id = fresh.batch_id AND batch_tallies.chunk = fresh.chunk`;

const rowsSql = `SELECT * FROM batch_tallies WHERE ${amongSql} ORDER BY batch_id, chunk`;

/** A batch's tallies as one, added up where they stand: a hundred of them would be 50 KB on their way. */
const sumsSql = `
  SELECT batch_id, SUM(stale) AS stale, MIN(started_at) AS started_at, MAX(finished_at) AS finished_at,
    ${statuses.map((status) => `SUM(${status}) AS ${status}`).join(", ")}, json_object(${usageSql}) AS usage
  FROM batch_tallies WHERE ${amongSql} GROUP BY batch_id`;

/** Both statements see one moment: where no more was stale than was recounted, what is read is exact. */
async function recounted<Row>(
  db: D1Database,
  reading: D1PreparedStatement,
  batchIds: readonly string[],
  chunksMax: number | null,
): Promise<Row[]> {
  const ids = JSON.stringify(batchIds);
  const recounting = db.prepare(recountSql).bind(ids, chunksMax ?? batchLimits.tasksMax);
  const answers = await retrying("recount tallies", () =>
    db.batch([recounting, reading.bind(ids)]),
  );
  return (answers[1]?.results ?? []) as Row[];
}

/** Recounts up to `chunksMax` stale tallies; a null one recounts all of them. */
export async function recountTallies(
  db: D1Database,
  batchId: string,
  chunksMax: number | null = null,
): Promise<TallyRow[]> {
  return recounted(db, db.prepare(rowsSql), [batchId], chunksMax);
}

/** Exact at the moment of the call. */
export async function tallyBatch(db: D1Database, batch: BatchRow): Promise<Tally> {
  return sumTallies(batch, await recounted<Summed>(db, db.prepare(sumsSql), [batch.id], null));
}

/**
 * The same of a page of batches, in one call as a rule: where much has changed since somebody looked, so
 * many tallies at once that no other call of the store waits for long.
 */
export async function tallyBatches(
  db: D1Database,
  batches: readonly BatchRow[],
): Promise<Map<string, Tally>> {
  const ids = batches.map(({ id }) => id);
  const look = (chunksMax: number | null) =>
    recounted<Summed>(db, db.prepare(sumsSql), ids, chunksMax);
  const staleOf = (rows: readonly Summed[]) => rows.reduce((sum, { stale }) => sum + stale, 0);
  let sums = await look(batchLimits.recountedPerLookMax);
  for (let left = staleOf(sums); left > 0; ) {
    sums = await look(batchLimits.recountedPerLookMax);
    const still = staleOf(sums);
    // A tally whose tasks are all gone is never counted, and must not keep others from it.
    if (still >= left) sums = await look(null);
    left = still >= left ? 0 : still;
  }
  const ofBatch = Map.groupBy(sums, ({ batch_id }) => batch_id);
  return new Map(
    batches.map((batch) => [batch.id, sumTallies(batch, ofBatch.get(batch.id) ?? [])]),
  );
}

/** The sum of a batch's tallies. Pure. */
export function sumTallies(batch: BatchRow, rows: readonly Summed[]): Tally {
  const counts = { total: batch.total } as Counts;
  for (const status of statuses) counts[status] = 0;
  let usage = noUsage;
  let startedAt: number | null = null;
  let finishedAt: number | null = null;
  for (const row of rows) {
    for (const status of statuses) counts[status] += row[status];
    usage = addUsage(usage, readUsage(row.usage));
    if (row.started_at !== null) startedAt = Math.min(startedAt ?? row.started_at, row.started_at);
    if (row.finished_at !== null) finishedAt = Math.max(finishedAt ?? 0, row.finished_at);
  }
  const made = statuses.reduce((sum, status) => sum + counts[status], 0);
  counts.queued += Math.max(0, batch.total - made);
  return { counts, usage, startedAt, finishedAt };
}

/** Keeps where a chunk's results are, unless one of its tasks has changed since they were read. */
export async function keepResults(db: D1Database, row: TallyRow, key: string): Promise<void> {
  await retrying("keep results", () =>
    db
      .prepare(
        `UPDATE batch_tallies SET results_key = ?4
         WHERE batch_id = ?1 AND chunk = ?2 AND version = ?3 AND stale = 0`,
      )
      .bind(row.batch_id, row.chunk, row.version, key)
      .run(),
  );
}

/**
 * Takes batches that must be looked at, those that waited longest first, and moves their next look ahead:
 * two sweeps at once take different ones.
 */
export async function takeToClose(db: D1Database, limit: number): Promise<BatchRow[]> {
  const { results } = await retrying("take batches to close", () =>
    db
      .prepare(
        `UPDATE batches SET close_at = ${nowSql} + ${batchLimits.closeEveryMs}
         WHERE id IN (SELECT id FROM batches WHERE close_at <= ${nowSql} ORDER BY close_at LIMIT ?1)
         RETURNING *`,
      )
      .bind(limit)
      .all<BatchRow>(),
  );
  return results;
}

/**
 * Finishes a batch whose tasks have all ended; null when one has not, or when it was finished before.
 * The condition is read in the same write, so a batch is finished once, and only when it is true.
 */
export async function finishBatch(db: D1Database, id: string): Promise<BatchRow | null> {
  return retrying("finish batch", () =>
    db
      .prepare(
        `UPDATE batches SET status = 'finished', close_at = ${nowSql}, finished_at = COALESCE(
           (SELECT MAX(finished_at) FROM batch_tallies WHERE batch_id = ?1), ${nowSql})
         WHERE id = ?1 AND status <> 'finished' AND expanded >= total AND waits = 0
           AND NOT EXISTS (SELECT 1 FROM batch_tallies
             WHERE batch_id = ?1 AND (stale = 1 OR queued + running > 0))
         RETURNING *`,
      )
      .bind(id)
      .first<BatchRow>(),
  );
}

/** A finished batch whose results are whole in R2 needs no further look. */
export async function closeBatch(db: D1Database, id: string): Promise<void> {
  await retrying("close batch", () =>
    db
      .prepare(
        `UPDATE batches SET close_at = NULL WHERE id = ?1 AND status = 'finished'
           AND NOT EXISTS (SELECT 1 FROM batch_tallies
             WHERE batch_id = ?1 AND (stale = 1 OR results_key IS NULL))`,
      )
      .bind(id)
      .run(),
  );
}
