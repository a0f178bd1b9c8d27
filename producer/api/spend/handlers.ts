/** What the tenant's model calls used, day by day: the ledger, and what may still be spent today. */
import { storeLimits } from "../../../shared/limits.ts";
import { ok } from "../../../shared/result.ts";
import { readSpendCeiling } from "../../../shared/spend_ceiling.ts";
import { readSpend, type SpendRow } from "../../../shared/store/spend.ts";
import type { ProducerEnv } from "../../env.ts";
import { type Handler, type Route, route } from "../../http/call.ts";
import { readQuery } from "../../http/query.ts";
import * as operations from "../operations.ts";

/** The sums of one day: dollars, tokens, and the tokens that no price is known for. */
export function spendOfDay(
  { SPEND_PER_DAY_USD }: Pick<ProducerEnv, "SPEND_PER_DAY_USD">,
  tenant: string,
  { today, rows }: { today: string; rows: readonly SpendRow[] },
): Record<string, unknown> {
  const own = rows.filter(({ day }) => day === today);
  const sum = (value: (row: SpendRow) => number) => own.reduce((all, row) => all + value(row), 0);
  const read = readSpendCeiling(SPEND_PER_DAY_USD);
  return {
    day: today,
    cost_usd: sum((row) => row.cost_usd),
    tokens: sum((row) => row.prompt_tokens + row.completion_tokens),
    unpriced_tokens: sum((row) => row.unpriced_tokens),
    ceiling_usd: read.ok ? read.ceilingOf(tenant) : null,
  };
}

const spend: Handler = async ({ env, principal, url }) => {
  const query = readQuery(operations.SpendQuery, url.searchParams);
  if (!query.ok) return query;
  const { days = storeLimits.spendDaysDefault } = query.value;
  const read = await readSpend(env.DB, principal.tenant, days);
  return ok(Response.json({ today: spendOfDay(env, principal.tenant, read), spend: read.rows }));
};

export const spendRoutes: readonly Route[] = [route(operations.getSpend, spend)];
