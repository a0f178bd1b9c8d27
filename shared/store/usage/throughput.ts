/**
 * Ended tasks by minute. There is no index on the end time, which would cost every task a write: a tally
 * stores in which minutes its 500 lines ended, and only for stale tallies are the tasks read.
 */
import { overviewLimits } from "../../limits.ts";
import type { Status } from "../../task/states.ts";
import { inTallySql, minuteMs } from "../batches/tallies.ts";
import { nowSql } from "../clock.ts";
import { sql } from "../sql.ts";

export interface ThroughputRow {
  /** The start of the minute, milliseconds since 1970 UTC. */
  at: number;
  status: Status;
  tasks: number;
  tokens: number;
  cost_usd: number;
}

export interface Throughput {
  rows: ThroughputRow[];
  /** The first and the last minute that were read; milliseconds since 1970 UTC. */
  from: number;
  to: number;
  /** Minutes from this one on are complete; later than `from` when not everything was read. */
  completeFrom: number;
}

const fromSql = `((${nowSql} / ${minuteMs} - ?2 + 1) * ${minuteMs})`;

/** Tallies of the tenant's newest batches with ends in the period, the latest first. */
const talliesSql = (which: string): string => `
  SELECT batch_id, chunk, stale, finished_at, ended FROM batch_tallies
  WHERE batch_id IN (SELECT id FROM batches WHERE tenant = ?1
                     ORDER BY id DESC LIMIT ${overviewLimits.batchesMax})
    AND ${which}
  ORDER BY stale DESC, finished_at DESC, batch_id DESC, chunk`;

/** Tallies that contain their ends by minute. */
const countedSql = talliesSql(`stale = 0 AND ended IS NOT NULL AND finished_at >= ${fromSql}`);

/** Tallies whose tasks must be read: a stale tally may miss ends. */
const uncountedSql = talliesSql(`(stale = 1 OR (ended IS NULL AND finished_at >= ${fromSql}))`);

const endedSql = `
  SELECT at, status, SUM(tasks) AS tasks, SUM(tokens) AS tokens, SUM(cost_usd) AS cost_usd FROM (
    SELECT one.value->>0 AS at, one.value->>1 AS status, one.value->>2 AS tasks,
      one.value->>3 AS tokens, one.value->>4 AS cost_usd
    FROM (${countedSql} LIMIT ${overviewLimits.countedChunksMax}) AS counted,
      json_each(counted.ended) AS one
    WHERE one.value->>0 >= ${fromSql}
    UNION ALL
    SELECT finished_at / ${minuteMs} * ${minuteMs} AS at, status, 1 AS tasks,
      usage->>'prompt_tokens' + usage->>'completion_tokens' AS tokens, usage->>'cost_usd' AS cost_usd
    FROM (
      SELECT tasks.finished_at, tasks.status, tasks.usage
      FROM (${uncountedSql} LIMIT ${overviewLimits.chunksMax}) AS wanted
      CROSS JOIN tasks ON ${inTallySql("tasks")}
      WHERE tasks.finished_at >= ${fromSql}
      UNION ALL
      SELECT finished_at, status, usage
      FROM (SELECT finished_at, status, usage, batch_id FROM tasks WHERE tenant = ?1
            ORDER BY id DESC LIMIT ${overviewLimits.singleTasksMax})
      WHERE batch_id IS NULL AND finished_at >= ${fromSql}))
  GROUP BY at, status ORDER BY at`;

/** The first tally of each kind that is left out. */
const leftSql = `
  SELECT stale, finished_at FROM (${uncountedSql} LIMIT 1 OFFSET ${overviewLimits.chunksMax})
  UNION ALL
  SELECT stale, finished_at FROM (${countedSql} LIMIT 1 OFFSET ${overviewLimits.countedChunksMax})`;

/**
 * The last `minutes` minutes of a tenant, including the current one. Reads at most 400 counted tallies, the
 * tasks of 40 stale ones and the tenant's 2,000 newest tasks, so single tasks that are older than a large
 * batch are left out.
 */
export async function readThroughput(
  db: D1Database,
  tenant: string,
  minutes: number,
): Promise<Throughput> {
  type LeftRow = { stale: number; finished_at: number | null };
  const [clock, left, ended] = await sql.batch<
    [{ first: number; now: number }, LeftRow, ThroughputRow]
  >(db, "read throughput", [
    sql.statement(db, `SELECT ?1 AS tenant, ${fromSql} AS first, ${nowSql} AS now`, [
      tenant,
      minutes,
    ]),
    sql.statement(db, leftSql, [tenant, minutes]),
    sql.statement(db, endedSql, [tenant, minutes]),
  ]);
  const { first, now } = clock.results[0] ?? { first: 0, now: 0 };
  const to = now - (now % minuteMs);
  return {
    rows: ended.results,
    from: first,
    to,
    completeFrom: Math.max(first, ...left.results.map((row) => completeAfter(row, first, to))),
  };
}

/** The first minute after the ends of a left-out tally. A stale one may have an end in any minute. */
function completeAfter(
  progress: { stale: number; finished_at: number | null },
  first: number,
  to: number,
): number {
  if (progress.stale === 1 || progress.finished_at === null) return to;
  const next = progress.finished_at - (progress.finished_at % minuteMs) + minuteMs;
  return Math.min(to, Math.max(first, next));
}
