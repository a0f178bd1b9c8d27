/**
 * What ended when, minute by minute, without an index on the time of the end, which every task would pay
 * for: a tally knows in which minutes its 500 lines ended, and where it is stale, only their tasks are read.
 */
import { overviewLimits } from "../limits.ts";
import { retrying } from "../retrying.ts";
import type { Status } from "../states.ts";
import { nowSql } from "./clock.ts";
import { inTallySql, minuteMs } from "./tallies.ts";

export interface EndedRow {
  /** The minute's beginning, milliseconds since 1970 UTC. */
  at: number;
  status: Status;
  tasks: number;
  tokens: number;
  cost_usd: number;
}

export interface Throughput {
  rows: EndedRow[];
  /** The minutes that were read, first and last; milliseconds since 1970 UTC. */
  from: number;
  to: number;
  /** Minutes from this one on are counted whole; later than `from` where more ended than is read. */
  completeFrom: number;
}

const fromSql = `((${nowSql} / ${minuteMs} - ?2 + 1) * ${minuteMs})`;

/** Tallies that may have an end since then, the latest first, of the tenant's newest batches. */
const talliesSql = (which: string): string => `
  SELECT batch_id, chunk, stale, finished_at, ended FROM batch_tallies
  WHERE batch_id IN (SELECT id FROM batches WHERE tenant = ?1
                     ORDER BY id DESC LIMIT ${overviewLimits.batchesMax})
    AND ${which}
  ORDER BY stale DESC, finished_at DESC, batch_id DESC, chunk`;

/** Those that know the minutes of their ends. */
const countedSql = talliesSql(`stale = 0 AND ended IS NOT NULL AND finished_at >= ${fromSql}`);

/** Those whose tasks must be read: a tally that is stale may have ends that it does not know of. */
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

/** The first tally of either kind that is left out. */
const leftSql = `
  SELECT stale, finished_at FROM (${uncountedSql} LIMIT 1 OFFSET ${overviewLimits.chunksMax})
  UNION ALL
  SELECT stale, finished_at FROM (${countedSql} LIMIT 1 OFFSET ${overviewLimits.countedChunksMax})`;

/**
 * The last `minutes` minutes of a tenant, the running one among them. Reads at most 400 tallies, the tasks
 * of 40 more that are stale, and the tenant's 2,000 newest, so single tasks behind a large newer batch are
 * left out.
 */
export async function readThroughput(
  db: D1Database,
  tenant: string,
  minutes: number,
): Promise<Throughput> {
  const [clock, beyond, ended] = await retrying("read throughput", () =>
    db.batch([
      db
        .prepare(`SELECT ?1 AS tenant, ${fromSql} AS first, ${nowSql} AS now`)
        .bind(tenant, minutes),
      db.prepare(leftSql).bind(tenant, minutes),
      db.prepare(endedSql).bind(tenant, minutes),
    ]),
  );
  const { first = 0, now = 0 } = (clock?.results[0] ?? {}) as { first?: number; now?: number };
  const left = (beyond?.results ?? []) as { stale: number; finished_at: number | null }[];
  const to = now - (now % minuteMs);
  return {
    rows: (ended?.results ?? []) as EndedRow[],
    from: first,
    to,
    completeFrom: Math.max(first, ...left.map((tally) => wholeAfter(tally, first, to))),
  };
}

/** The first minute behind what was left out. A stale tally left out may have an end in any minute. */
function wholeAfter(
  left: { stale: number; finished_at: number | null },
  first: number,
  to: number,
): number {
  if (left.stale === 1 || left.finished_at === null) return to;
  const next = left.finished_at - (left.finished_at % minuteMs) + minuteMs;
  return Math.min(to, Math.max(first, next));
}
