/**
 * Counts and usage of a batch, summed from one tally per 500 lines. Triggers mark a tally as stale in the
 * write that changes one of its tasks. Expansion and the cron recount stale tallies; reads count them
 * without a write.
 */
import { batchLimits } from "../../limits.ts";
import { addUsage, noUsage, readUsage, type Usage } from "../../spend/usage.ts";
import { type Status, statuses } from "../../task/states.ts";
import { sql } from "../sql.ts";
import type { BatchRow } from "./batch_row.ts";
import { addQuality, type BatchQuality, batchQualitySql, tallyQualitySql } from "./quality_sums.ts";

export const minuteMs = 60_000;

export type Counts = { total: number } & Record<Status, number>;

export interface Tally {
  /** Lines that are not expanded yet count as queued. */
  counts: Counts;
  usage: Usage;
  /** Null while no task with checks, samples or escalations has ended. */
  quality: BatchQuality | null;
  /** The first claim of its tasks, and the last settlement; milliseconds since 1970 UTC. */
  startedAt: number | null;
  finishedAt: number | null;
}

export interface TallyRow extends Record<Status, number> {
  batch_id: string;
  /** It counts lines `chunk * 500` up to the next chunk's first line. */
  chunk: number;
  stale: number;
  /** Raised by each recount: results that were built from an older version are dropped. */
  version: number;
  usage: string;
  started_at: number | null;
  finished_at: number | null;
  /** The R2 key of its results, once all its tasks have ended. */
  results_key: string | null;
  /** JSON: what ended in which minute; null when an older release counted it. */
  ended: string | null;
  /** JSON of BatchQuality. */
  quality: string | null;
}

/** The counts of one tally, or the sum of several of one batch. */
type TallySum = Pick<
  TallyRow,
  "batch_id" | "usage" | "quality" | "started_at" | "finished_at" | Status
>;

const countsSql = statuses
  .map((status) => `SUM(tasks.status = '${status}') AS ${status}`)
  .join(", ");

const countedSql = statuses.map((status) => `${status} = fresh.${status}`).join(", ");

const usageSql = Object.keys(noUsage)
  .map((field) => `'${field}', SUM(COALESCE(usage->>'${field}', 0))`)
  .join(", ");

const idSql = "'task_' || substr(wanted.batch_id, 7) || printf('-%06d', ";

/** The condition that a task (alias `of`) is one of the lines of the tally `wanted`. */
export const inTallySql = (table: string): string =>
  `${table}.id >= ${idSql} wanted.chunk * ${batchLimits.tallyTasks})
   AND ${table}.id < ${idSql} (wanted.chunk + 1) * ${batchLimits.tallyTasks})`;

/** What ended in each minute: its start, status, tasks, tokens, dollars. */
const endedByMinuteSql = `(
  SELECT json_group_array(json_array(at, status, tasks, tokens, cost_usd)) FROM (
    SELECT one.finished_at / ${minuteMs} * ${minuteMs} AS at, one.status, COUNT(*) AS tasks,
      SUM(one.usage->>'prompt_tokens' + one.usage->>'completion_tokens') AS tokens,
      SUM(one.usage->>'cost_usd') AS cost_usd
    FROM tasks AS one WHERE ${inTallySql("one")} AND one.finished_at IS NOT NULL
    GROUP BY at, one.status))`;

/** ?1 is a JSON list of batch ids. */
const amongSql = "batch_id IN (SELECT value FROM json_each(?1))";

/** Counts the tasks of the tallies `wanted`; a tally without tasks has no row. */
const countSql = (talliesSql: string, extraColumns = ""): string => `
  SELECT wanted.batch_id, wanted.chunk, ${countsSql}, json_object(${usageSql}) AS usage,
    ${tallyQualitySql(inTallySql)} AS quality,
    MIN(tasks.started_at) AS started_at, MAX(tasks.finished_at) AS finished_at${extraColumns}
  FROM (${talliesSql}) AS wanted CROSS JOIN tasks ON ${inTallySql("tasks")}
  GROUP BY wanted.batch_id, wanted.chunk`;

const staleSql = `SELECT batch_id, chunk FROM batch_tallies
  WHERE batch_id = ?1 AND stale = 1 ORDER BY chunk LIMIT ?2`;

/** One statement, so that no task changes between the count and the mark. */
const recountSql = `
  UPDATE batch_tallies SET stale = 0, version = version + 1, results_key = NULL, ${countedSql},
    usage = fresh.usage, quality = fresh.quality, ended = fresh.ended, started_at = fresh.started_at, finished_at = fresh.finished_at
  FROM (${countSql(staleSql, `, ${endedByMinuteSql} AS ended`)}) AS fresh
  WHERE batch_tallies.batch_id = fresh.batch_id AND batch_tallies.chunk = fresh.chunk`;

const rowsSql = "SELECT * FROM batch_tallies WHERE batch_id = ?1 ORDER BY chunk";

/** Recounts up to `chunksMax` stale tallies, or all of them, and reads every tally at the same moment. */
export async function recountTallies(
  db: D1Database,
  batchId: string,
  chunksMax: number = batchLimits.tasksMax,
): Promise<TallyRow[]> {
  const [, rows] = await sql.batch<[unknown, TallyRow]>(db, "recount tallies", [
    sql.statement(db, recountSql, [batchId, chunksMax]),
    sql.statement(db, rowsSql, [batchId]),
  ]);
  return rows.results;
}

/** The tallies as they are stored: only those that are not stale are exact. */
export async function readTallies(db: D1Database, batchId: string): Promise<TallyRow[]> {
  return sql.all<TallyRow>(db, "read tallies", rowsSql, [batchId]);
}

/** Tallies that are exact, added up in the store: a hundred of them would be 50 KB to send. */
const freshSumsSql = `
  SELECT batch_id, MIN(started_at) AS started_at, MAX(finished_at) AS finished_at,
    ${statuses.map((status) => `SUM(${status}) AS ${status}`).join(", ")}, json_object(${usageSql}) AS usage, ${batchQualitySql} AS quality
  FROM batch_tallies WHERE ${amongSql} AND stale = 0 GROUP BY batch_id`;

const staleRowsSql = `SELECT * FROM batch_tallies WHERE ${amongSql} AND stale = 1`;

/** ?1 is a JSON list of [batch id, chunk]. */
const countNamedSql = countSql(
  "SELECT value->>0 AS batch_id, value->>1 AS chunk FROM json_each(?1)",
);

/** Exact at the moment of the call. Writes nothing. */
export async function tallyBatch(db: D1Database, batch: BatchRow): Promise<Tally> {
  const tallies = await tallyBatches(db, [batch]);
  return tallies.get(batch.id) ?? sumTallies(batch, []);
}

/**
 * Tallies of a page of batches. Writes nothing: stale tallies are counted from their tasks, so many at
 * once that no other call of the store waits for long.
 */
export async function tallyBatches(
  db: D1Database,
  batches: readonly BatchRow[],
): Promise<Map<string, Tally>> {
  const ids = JSON.stringify(batches.map(({ id }) => id));
  const [fresh, stale] = await sql.batch<[TallySum, TallyRow]>(db, "read tallies", [
    sql.statement(db, freshSumsSql, [ids]),
    sql.statement(db, staleRowsSql, [ids]),
  ]);
  const rows = [...fresh.results];
  const staleResults = stale.results;
  for (let from = 0; from < staleResults.length; from += batchLimits.recountedPerReadMax) {
    rows.push(
      ...(await countStale(db, staleResults.slice(from, from + batchLimits.recountedPerReadMax))),
    );
  }
  const ofBatch = Map.groupBy(rows, ({ batch_id }) => batch_id);
  return new Map(
    batches.map((batch) => [batch.id, sumTallies(batch, ofBatch.get(batch.id) ?? [])]),
  );
}

/** The same tallies, counted now; one whose tasks are all gone keeps its stored counts. */
async function countStale(db: D1Database, stale: readonly TallyRow[]): Promise<TallySum[]> {
  const staleKeys = JSON.stringify(stale.map(({ batch_id, chunk }) => [batch_id, chunk]));
  const rows = await sql.all<TallySum & Pick<TallyRow, "chunk">>(
    db,
    "count tallies",
    countNamedSql,
    [staleKeys],
  );
  const keyOf = ({ batch_id, chunk }: Pick<TallyRow, "batch_id" | "chunk">) =>
    `${batch_id} ${chunk}`;
  const countByKey = new Map(rows.map((row) => [keyOf(row), row]));
  return stale.map((row) => countByKey.get(keyOf(row)) ?? row);
}

/** The sum of a batch's tallies. Pure. */
export function sumTallies(batch: BatchRow, rows: readonly TallySum[]): Tally {
  const counts = { total: batch.total } as Counts;
  for (const status of statuses) counts[status] = 0;
  let usage = noUsage;
  let quality: BatchQuality | null = null;
  let startedAt: number | null = null;
  let finishedAt: number | null = null;
  for (const row of rows) {
    for (const status of statuses) counts[status] += row[status];
    usage = addUsage(usage, readUsage(row.usage));
    quality = addQuality(quality, row.quality);
    if (row.started_at !== null) startedAt = Math.min(startedAt ?? row.started_at, row.started_at);
    if (row.finished_at !== null) finishedAt = Math.max(finishedAt ?? 0, row.finished_at);
  }
  const rowCount = statuses.reduce((sum, status) => sum + counts[status], 0);
  counts.queued += Math.max(0, batch.total - rowCount);
  return { counts, usage, quality, startedAt, finishedAt };
}

/** Stores where a chunk's results are, unless one of its tasks has changed since they were read. */
export async function storeResultsKey(db: D1Database, row: TallyRow, key: string): Promise<void> {
  await sql.run(
    db,
    "store results key",
    `UPDATE batch_tallies SET results_key = ?4
     WHERE batch_id = ?1 AND chunk = ?2 AND version = ?3 AND stale = 0`,
    [row.batch_id, row.chunk, row.version, key],
  );
}
