/** Counts, throughput and spend of the tenant. */
import { overviewLimits, storeLimits } from "../../../shared/limits.ts";
import { ok } from "../../../shared/result.ts";
import { readSpendCeiling } from "../../../shared/spend/spend_ceiling.ts";
import { readDatabaseSize } from "../../../shared/store/sql.ts";
import { readSpend, type SpendRow } from "../../../shared/store/usage/spend.ts";
import { readStats } from "../../../shared/store/usage/stats.ts";
import { readThroughput, type Throughput } from "../../../shared/store/usage/throughput.ts";
import { isTerminal } from "../../../shared/task/states.ts";
import type { ProducerEnv } from "../../env.ts";
import { readQuery } from "../../http/query.ts";
import { type Handler, type Route, route } from "../../http/route.ts";
import { isoTime } from "../../tasks/task_view.ts";
import * as operations from "./operations.ts";
import type { SpendResponse, SpendToday, StatsResponse, ThroughputResponse } from "./responses.ts";

/** The backlog counts only the tenant's own queued tasks. */
const handleGetStats: Handler = async ({ env, principal }) => {
  const [{ counts, oldestQueuedAt, models }, spend] = await Promise.all([
    readStats(env.DB, principal.tenant),
    readSpend(env.DB, principal.tenant, 1),
  ]);
  const response: StatsResponse = {
    counts,
    backlog: counts.queued,
    oldest_queued_at: oldestQueuedAt === null ? null : isoTime(oldestQueuedAt),
    models,
    spend_today: spendToday(env, principal.tenant, spend),
    database: await readDatabaseSize(env.DB),
  };
  return ok(Response.json(response));
};

/** One entry for each minute, including empty ones, so that a chart needs no arithmetic. */
const handleGetThroughput: Handler = async ({ env, principal, url }) => {
  const query = readQuery(operations.ThroughputQuery, url.searchParams);
  if (!query.ok) return query;
  const { minutes = overviewLimits.minutesDefault } = query.value;
  const read = await readThroughput(env.DB, principal.tenant, minutes);
  const complete_from = isoTime(read.completeFrom);
  const response: ThroughputResponse = { minutes: minutesOf(read), complete_from };
  return ok(Response.json(response));
};

type Minute = ThroughputResponse["minutes"][number];

function minutesOf({ rows, from, to }: Throughput): Minute[] {
  const counts = { succeeded: 0, failed: 0, dead: 0, cancelled: 0, expired: 0 };
  const minutes = new Map<number, Minute>();
  for (let at = from; at <= to; at += minuteMs) {
    minutes.set(at, { at: isoTime(at), ...counts, tokens: 0, cost_usd: 0 });
  }
  for (const row of rows) {
    const minute = minutes.get(row.at);
    if (minute === undefined || !isTerminal(row.status)) continue;
    minute[row.status] = row.tasks;
    minute.tokens += row.tokens ?? 0;
    minute.cost_usd += row.cost_usd ?? 0;
  }
  return [...minutes.values()];
}

const minuteMs = 60_000;

const handleGetSpend: Handler = async ({ env, principal, url }) => {
  const query = readQuery(operations.SpendQuery, url.searchParams);
  if (!query.ok) return query;
  const { days = storeLimits.spendDaysDefault } = query.value;
  const spend = await readSpend(env.DB, principal.tenant, days);
  const response: SpendResponse = {
    today: spendToday(env, principal.tenant, spend),
    spend: spend.rows,
  };
  return ok(Response.json(response));
};

function spendToday(
  { SPEND_PER_DAY_USD }: Pick<ProducerEnv, "SPEND_PER_DAY_USD">,
  tenant: string,
  { today, rows }: { today: string; rows: readonly SpendRow[] },
): SpendToday {
  const rowsToday = rows.filter(({ day }) => day === today);
  const sum = (value: (row: SpendRow) => number) =>
    rowsToday.reduce((total, row) => total + value(row), 0);
  const ceiling = readSpendCeiling(SPEND_PER_DAY_USD);
  return {
    day: today,
    cost_usd: sum((row) => row.cost_usd),
    tokens: sum((row) => row.prompt_tokens + row.completion_tokens),
    unpriced_tokens: sum((row) => row.unpriced_tokens),
    ceiling_usd: ceiling.ok ? ceiling.value(tenant) : null,
  };
}

export const statsRoutes: readonly Route[] = [
  route(operations.getStats, handleGetStats),
  route(operations.getThroughput, handleGetThroughput),
  route(operations.getSpend, handleGetSpend),
];
