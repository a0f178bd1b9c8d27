/** Counts of a tenant's tasks, read from tallies that triggers maintain and not from the tasks. */
import { overviewLimits } from "../../limits.ts";
import type { Status } from "../../task/states.ts";
import { sql } from "../sql.ts";
import type { Spend } from "./spend.ts";

/** The tasks of one model, and the usage of those that have ended. */
export interface ModelTally extends Omit<Spend, "calls"> {
  tasks: number;
}

export interface Stats {
  counts: Record<Status, number>;
  /** When the oldest queued task was accepted; milliseconds since 1970 UTC. */
  oldestQueuedAt: number | null;
  /** The models with the most tasks, sorted by name. */
  models: ModelTally[];
}

const endStatuses = ["succeeded", "failed", "dead", "cancelled", "expired"] as const;
type TallyCounts = Record<"live" | (typeof endStatuses)[number], number>;
type TallyRow = Omit<Spend, "calls"> & TallyCounts;

const sumsSql = `SELECT ${["live", ...endStatuses].map((name) => `COALESCE(SUM(${name}), 0) AS ${name}`).join(", ")}
  FROM task_tallies WHERE tenant = ?1`;

const modelsSql = `SELECT * FROM (
    SELECT * FROM task_tallies WHERE tenant = ?1
    ORDER BY live + ${endStatuses.join(" + ")} DESC, model LIMIT ${overviewLimits.modelsMax})
  ORDER BY model`;

/** Counted directly: there are never more running tasks than workers. */
const liveSql = `
  SELECT
    (SELECT COUNT(*) FROM tasks INDEXED BY tasks_sweep
     WHERE status = 'running' AND sweep_at IS NOT NULL AND tenant = ?1) AS running,
    (SELECT MIN(created_at) FROM tasks INDEXED BY tasks_queued
     WHERE status = 'queued' AND tenant = ?1) AS oldest`;

/** All three statements see one moment. */
export async function readStats(db: D1Database, tenant: string): Promise<Stats> {
  type LiveRow = { running: number; oldest: number | null };
  const [sums, models, live] = await sql.batch<[TallyCounts, TallyRow, LiveRow]>(db, "read stats", [
    sql.statement(db, sumsSql, [tenant]),
    sql.statement(db, modelsSql, [tenant]),
    sql.statement(db, liveSql, [tenant]),
  ]);
  const { running, oldest } = live.results[0] ?? { running: 0, oldest: null };
  const sum = (field: keyof TallyCounts) => sums.results[0]?.[field] ?? 0;
  return {
    counts: {
      queued: sum("live") - running,
      running,
      succeeded: sum("succeeded"),
      failed: sum("failed"),
      dead: sum("dead"),
      cancelled: sum("cancelled"),
      expired: sum("expired"),
    },
    oldestQueuedAt: oldest,
    models: models.results.map((row) => ({
      model: row.model,
      tasks: row.live + row.succeeded + row.failed + row.dead + row.cancelled + row.expired,
      prompt_tokens: row.prompt_tokens,
      cached_tokens: row.cached_tokens,
      completion_tokens: row.completion_tokens,
      unpriced_tokens: row.unpriced_tokens,
      // Adding and subtracting leaves a floating-point error of about 1e-16.
      cost_usd: Math.max(0, row.cost_usd),
    })),
  };
}
