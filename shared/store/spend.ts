/**
 * The ledger: what each tenant's model calls used, by day (00:00 UTC) and model. Charged at the end of a
 * slice and not with each call: one row more for a slice instead of one for a step.
 */
import { retrying } from "../retrying.ts";
import type { Claim } from "./claims.ts";
import { nowSql } from "./clock.ts";

const daySql = (ms: string): string => `strftime('%Y-%m-%d', ${ms} / 1000, 'unixepoch')`;
const todaySql = daySql(nowSql);

export interface Spend {
  model: string;
  /** Calls that the endpoint answered or failed; refusals are none. */
  calls: number;
  prompt_tokens: number;
  cached_tokens: number;
  completion_tokens: number;
  /** Tokens whose price nobody knows: they are in no dollar. */
  unpriced_tokens: number;
  cost_usd: number;
}

/** What the steps of a task up to `seq` used that is not charged yet. */
export interface Charged {
  seq: number;
  spend: readonly Spend[];
}

export const noneCharged: Charged = { seq: 0, spend: [] };

/**
 * Stands before the write that ends the slice and sets `charged_seq`, in one batch with it: repeated after
 * a lost answer it finds the task not running, and under a lost fence it finds nothing.
 */
const chargeSql = `
  INSERT INTO spend (tenant, day, model, calls, prompt_tokens, cached_tokens, completion_tokens,
    unpriced_tokens, cost_usd)
  SELECT tenant, ${todaySql}, value->>'model', value->>'calls', value->>'prompt_tokens',
    value->>'cached_tokens', value->>'completion_tokens', value->>'unpriced_tokens', value->>'cost_usd'
  FROM tasks, json_each(?3)
  WHERE tasks.id = ?1 AND fence = ?2 AND status = 'running' AND charged_seq < ?4
  ON CONFLICT (tenant, day, model) DO UPDATE SET calls = calls + excluded.calls,
    prompt_tokens = prompt_tokens + excluded.prompt_tokens,
    cached_tokens = cached_tokens + excluded.cached_tokens,
    completion_tokens = completion_tokens + excluded.completion_tokens,
    unpriced_tokens = unpriced_tokens + excluded.unpriced_tokens,
    cost_usd = cost_usd + excluded.cost_usd`;

/** Empty where nothing was used. */
export function spending(db: D1Database, owner: Claim, charged: Charged): D1PreparedStatement[] {
  if (charged.spend.length === 0) return [];
  const rows = JSON.stringify(charged.spend);
  return [db.prepare(chargeSql).bind(owner.id, owner.fence, rows, charged.seq)];
}

/** As a column of a statement over `tasks`: the dollars of the task's tenant since 00:00 UTC. */
export const spentTodaySql = `(SELECT COALESCE(SUM(cost_usd), 0) FROM spend
  WHERE spend.tenant = tasks.tenant AND day = ${todaySql})`;

const sinceSql = daySql(`(${nowSql} - ?2 * 86400000)`);

export type SpendRow = Spend & { day: string };

/** The last `days` days, today among them; newest first, then by dollars. */
export async function readSpend(
  db: D1Database,
  tenant: string,
  days: number,
): Promise<{ today: string; rows: SpendRow[] }> {
  const [today, spent] = await retrying("read spend", () =>
    db.batch([
      db.prepare(`SELECT ${todaySql} AS day`),
      db
        .prepare(
          `SELECT day, model, calls, prompt_tokens, cached_tokens, completion_tokens, unpriced_tokens,
             cost_usd
           FROM spend WHERE tenant = ?1 AND day >= ${sinceSql} ORDER BY day DESC, cost_usd DESC, model`,
        )
        .bind(tenant, days - 1),
    ]),
  );
  const day = (today?.results[0] as { day: string } | undefined)?.day ?? "";
  return { today: day, rows: (spent?.results ?? []) as SpendRow[] };
}
