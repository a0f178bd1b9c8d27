/** What a tenant's tasks add up to, by status and model. */
import { retrying } from "../retrying.ts";
import type { Status } from "../states.ts";

export interface StatsRow {
  status: Status;
  model: string;
  tasks: number;
  prompt_tokens: number;
  cached_tokens: number;
  completion_tokens: number;
  unpriced_tokens: number;
  cost_usd: number;
  /** Milliseconds since 1970 UTC. */
  oldest: number;
}

export async function readStats(db: D1Database, tenant: string): Promise<StatsRow[]> {
  const { results } = await retrying("stats", () =>
    db
      .prepare(
        `SELECT status, model, COUNT(*) AS tasks,
           COALESCE(SUM(usage->>'prompt_tokens'), 0) AS prompt_tokens,
           COALESCE(SUM(usage->>'cached_tokens'), 0) AS cached_tokens,
           COALESCE(SUM(usage->>'completion_tokens'), 0) AS completion_tokens,
           COALESCE(SUM(usage->>'unpriced_tokens'), 0) AS unpriced_tokens,
           COALESCE(SUM(usage->>'cost_usd'), 0) AS cost_usd,
           MIN(created_at) AS oldest
         FROM tasks WHERE tenant = ?1 GROUP BY status, model`,
      )
      .bind(tenant)
      .all<StatsRow>(),
  );
  return results;
}
