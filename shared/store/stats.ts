/** What a tenant's tasks add up to: the tallies that triggers keep, and no look at the tasks themselves. */
import { overviewLimits } from "../limits.ts";
import { retrying } from "../retrying.ts";
import type { Status } from "../states.ts";
import type { Spend } from "./spend.ts";

/** The tasks that name one model, and what those of them used that have ended. */
export interface ModelTally extends Omit<Spend, "calls"> {
  tasks: number;
}

export interface Stats {
  counts: Record<Status, number>;
  /** When the queued task that is oldest was accepted; milliseconds since 1970 UTC. */
  oldestQueuedAt: number | null;
  /** Those with the most tasks, by name. */
  models: ModelTally[];
}

type TallyRow = Omit<Spend, "calls"> & { live: number } & Record<
    Exclude<Status, "queued" | "running">,
    number
  >;

const ended = ["succeeded", "failed", "dead", "cancelled", "expired"] as const;

const sumsSql = `SELECT ${["live", ...ended].map((name) => `COALESCE(SUM(${name}), 0) AS ${name}`).join(", ")}
  FROM task_tallies WHERE tenant = ?1`;

const modelsSql = `SELECT * FROM (
    SELECT * FROM task_tallies WHERE tenant = ?1
    ORDER BY live + ${ended.join(" + ")} DESC, model LIMIT ${overviewLimits.modelsMax})
  ORDER BY model`;

/** Those that run are as many as there are workers, whatever waits beside them. */
const liveSql = `
  SELECT
    (SELECT COUNT(*) FROM tasks INDEXED BY tasks_sweep
     WHERE status = 'running' AND sweep_at IS NOT NULL AND tenant = ?1) AS running,
    (SELECT MIN(created_at) FROM tasks INDEXED BY tasks_queued
     WHERE status = 'queued' AND tenant = ?1) AS oldest`;

/** All three statements see one moment. */
export async function readStats(db: D1Database, tenant: string): Promise<Stats> {
  const [sums, models, live] = await retrying("stats", () =>
    db.batch([
      db.prepare(sumsSql).bind(tenant),
      db.prepare(modelsSql).bind(tenant),
      db.prepare(liveSql).bind(tenant),
    ]),
  );
  const rows = (models?.results ?? []) as unknown as TallyRow[];
  const [all] = (sums?.results ?? []) as unknown as Pick<
    TallyRow,
    "live" | (typeof ended)[number]
  >[];
  const [found] = (live?.results ?? []) as { running: number; oldest: number | null }[];
  const { running = 0, oldest = null } = found ?? {};
  const sum = (field: "live" | (typeof ended)[number]) => all?.[field] ?? 0;
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
    models: rows.map((row) => ({
      model: row.model,
      tasks: row.live + row.succeeded + row.failed + row.dead + row.cancelled + row.expired,
      prompt_tokens: row.prompt_tokens,
      cached_tokens: row.cached_tokens,
      completion_tokens: row.completion_tokens,
      unpriced_tokens: row.unpriced_tokens,
      // What is added and taken away again leaves a rest of some 1e-16.
      cost_usd: Math.max(0, row.cost_usd),
    })),
  };
}
