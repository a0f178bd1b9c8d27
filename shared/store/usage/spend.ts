/**
 * The ledger: what each tenant's model calls used, by day (00:00 UTC) and model. Charged at the end of a
 * slice and not with each call: one written row per slice instead of one per step.
 */
import { nowSql } from "../clock.ts";
import { sql } from "../sql.ts";
import type { Claim } from "../tasks/claim.ts";

const daySql = (ms: string): string => `strftime('%Y-%m-%d', ${ms} / 1000, 'unixepoch')`;
const todaySql = daySql(nowSql);

export interface Spend {
  model: string;
  /** Calls that the endpoint answered or failed; rejected calls do not count. */
  calls: number;
  prompt_tokens: number;
  cached_tokens: number;
  completion_tokens: number;
  /** Tokens without a known price; `cost_usd` does not include them. */
  unpriced_tokens: number;
  cost_usd: number;
}

/** The uncharged spend of a task's steps up to `seq`. */
export interface LedgerEntry {
  seq: number;
  spend: readonly Spend[];
}

export const emptyLedgerEntry: LedgerEntry = { seq: 0, spend: [] };

/**
 * Must precede the write that ends the slice and sets `charged_seq`, in the same batch: in a repetition after
 * a lost reply the task is not running any more, and under a lost fence no row matches.
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

/** The statements that add the spend to the ledger; none if nothing was spent. */
export function ledgerStatements(
  db: D1Database,
  { id, fence }: Claim,
  { seq, spend }: LedgerEntry,
): D1PreparedStatement[] {
  if (spend.length === 0) return [];
  return [sql.statement(db, chargeSql, [id, fence, JSON.stringify(spend), seq])];
}

/** A column of a statement over `tasks`: dollars spent by the task's tenant since 00:00 UTC. */
export const spentTodaySql = `(SELECT COALESCE(SUM(cost_usd), 0) FROM spend
  WHERE spend.tenant = tasks.tenant AND day = ${todaySql})`;

const sinceSql = daySql(`(${nowSql} - ?2 * 86400000)`);

export type SpendRow = Spend & { day: string };

/** The last `days` days including today; newest first, then by dollars. */
export async function readSpend(
  db: D1Database,
  tenant: string,
  days: number,
): Promise<{ today: string; rows: SpendRow[] }> {
  const [today, spend] = await sql.batch<[{ day: string }, SpendRow]>(db, "read spend", [
    sql.statement(db, `SELECT ${todaySql} AS day`),
    sql.statement(
      db,
      `SELECT day, model, calls, prompt_tokens, cached_tokens, completion_tokens, unpriced_tokens,
         cost_usd
       FROM spend WHERE tenant = ?1 AND day >= ${sinceSql} ORDER BY day DESC, cost_usd DESC, model`,
      [tenant, days - 1],
    ),
  ]);
  return { today: today.results[0]?.day ?? "", rows: spend.results };
}
