/** What the operator looks at first: counts, backlog, and what the fleet gave up on. */
import { overviewLimits } from "../../../shared/limits.ts";
import { err, ok } from "../../../shared/result.ts";
import { isTerminal, statuses } from "../../../shared/states.ts";
import { readSpend } from "../../../shared/store/spend.ts";
import { readStats } from "../../../shared/store/stats.ts";
import { listTasks } from "../../../shared/store/tasks.ts";
import { readThroughput, type Throughput } from "../../../shared/store/throughput.ts";
import { type Handler, type Route, route } from "../../http/call.ts";
import { refusedAt } from "../../http/problem.ts";
import { readQuery, readTaskFilter } from "../../http/query.ts";
import { attemptErrorsView, isoTime, taskView } from "../../tasks/view.ts";
import * as operations from "../operations.ts";
import { spendOfDay } from "../spend/handlers.ts";

/** The backlog is the tenant's own queued tasks: what others wait for is not its to see. */
const stats: Handler = async ({ env, principal }) => {
  const [{ counts, oldestQueuedAt, models }, spent] = await Promise.all([
    readStats(env.DB, principal.tenant),
    readSpend(env.DB, principal.tenant, 1),
  ]);
  return ok(
    Response.json({
      counts,
      backlog: counts.queued,
      oldest_queued_at: oldestQueuedAt === null ? null : isoTime(oldestQueuedAt),
      models,
      spend_today: spendOfDay(env, principal.tenant, spent),
    }),
  );
};

/** Each with its cause: what went wrong last and at which step, and what each attempt met, and when. */
const deadLetters: Handler = async ({ env, principal, url }) => {
  if (!["dead", null].includes(url.searchParams.get("status"))) {
    const message = "dead letters are dead: leave it out, or list other tasks with GET /v1/tasks";
    return err(refusedAt("status", message));
  }
  const filter = readTaskFilter(operations.DeadLetterQuery, url.searchParams);
  if (!filter.ok) return filter;
  const dead = { ...filter.value, status: "dead" as const };
  const page = await listTasks(env.DB, principal.tenant, dead);
  const tasks = page.tasks.map((row) => ({
    ...taskView(row),
    cause: row.error === null ? null : (JSON.parse(row.error) as unknown),
    attempt_errors: attemptErrorsView(JSON.parse(row.errors)),
  }));
  return ok(Response.json({ tasks, next_cursor: page.next_cursor }));
};

/** Minute by minute, those without an end too, so that a chart needs no arithmetic of its own. */
const throughput: Handler = async ({ env, principal, url }) => {
  const query = readQuery(operations.ThroughputQuery, url.searchParams);
  if (!query.ok) return query;
  const { minutes = overviewLimits.minutesDefault } = query.value;
  const read = await readThroughput(env.DB, principal.tenant, minutes);
  const complete_from = isoTime(read.completeFrom);
  return ok(Response.json({ minutes: minutesOf(read), complete_from }));
};

function minutesOf({ rows, from, to }: Throughput): Record<string, unknown>[] {
  const ended = Object.fromEntries(statuses.filter(isTerminal).map((status) => [status, 0]));
  const minutes = new Map<number, Record<string, unknown> & { tokens: number; cost_usd: number }>();
  for (let at = from; at <= to; at += minuteMs) {
    minutes.set(at, { at: isoTime(at), ...ended, tokens: 0, cost_usd: 0 });
  }
  for (const row of rows) {
    const minute = minutes.get(row.at);
    if (minute === undefined) continue;
    minute[row.status] = row.tasks;
    minute.tokens += row.tokens ?? 0;
    minute.cost_usd += row.cost_usd ?? 0;
  }
  return [...minutes.values()];
}

const minuteMs = 60_000;

export const overviewRoutes: readonly Route[] = [
  route(operations.getStats, stats),
  route(operations.getThroughput, throughput),
  route(operations.listDeadLetters, deadLetters),
];
