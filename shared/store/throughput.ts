/**
 * What ended when, minute by minute, without an index on the time of the end, which every task would pay
 * for: the tallies say which 500 lines of a batch had an end since a time, and only their tasks are read.
 */
import { batchLimits, overviewLimits } from "../limits.ts";
import { retrying } from "../retrying.ts";
import type { Status } from "../states.ts";
import { nowSql } from "./clock.ts";

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

const minuteMs = 60_000;
const fromSql = `((${nowSql} / ${minuteMs} - ?2 + 1) * ${minuteMs})`;

/** A tally that is stale may have ends that it does not know of. The latest come first. */
const chunksSql = `
  SELECT batch_id, chunk, stale, finished_at FROM batch_tallies
  WHERE batch_id IN (SELECT id FROM batches WHERE tenant = ?1
                     ORDER BY id DESC LIMIT ${overviewLimits.batchesMax})
    AND (stale = 1 OR finished_at >= ${fromSql})
  ORDER BY stale DESC, finished_at DESC, batch_id DESC, chunk`;

const idSql = "'task_' || substr(wanted.batch_id, 7) || printf('-%06d', ";

const endedSql = `
  SELECT at, status, COUNT(*) AS tasks, SUM(tokens) AS tokens, SUM(cost_usd) AS cost_usd FROM (
    SELECT finished_at / ${minuteMs} * ${minuteMs} AS at, status, usage->>'cost_usd' AS cost_usd,
      usage->>'prompt_tokens' + usage->>'completion_tokens' AS tokens
    FROM (
      SELECT tasks.finished_at, tasks.status, tasks.usage
      FROM (${chunksSql} LIMIT ${overviewLimits.chunksMax}) AS wanted
      CROSS JOIN tasks
        ON tasks.id >= ${idSql} wanted.chunk * ${batchLimits.tallyTasks})
        AND tasks.id < ${idSql} (wanted.chunk + 1) * ${batchLimits.tallyTasks})
      WHERE tasks.finished_at >= ${fromSql}
      UNION ALL
      SELECT finished_at, status, usage
      FROM (SELECT finished_at, status, usage, batch_id FROM tasks WHERE tenant = ?1
            ORDER BY id DESC LIMIT ${overviewLimits.singleTasksMax})
      WHERE batch_id IS NULL AND finished_at >= ${fromSql}))
  GROUP BY at, status ORDER BY at`;

/**
 * The last `minutes` minutes of a tenant, the running one among them. Reads at most 40 tallies' tasks and
 * the tenant's 2,000 newest, so single tasks behind a large newer batch are left out.
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
      db.prepare(`${chunksSql} LIMIT 1 OFFSET ${overviewLimits.chunksMax}`).bind(tenant, minutes),
      db.prepare(endedSql).bind(tenant, minutes),
    ]),
  );
  const { first = 0, now = 0 } = (clock?.results[0] ?? {}) as { first?: number; now?: number };
  const left = beyond?.results[0] as { stale: number; finished_at: number | null } | undefined;
  const to = now - (now % minuteMs);
  return {
    rows: (ended?.results ?? []) as EndedRow[],
    from: first,
    to,
    completeFrom: left === undefined ? first : wholeAfter(left, first, to),
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
