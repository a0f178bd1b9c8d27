/** What one key may do in a minute, and how much work it may leave waiting. */
import { backlogReaches, countCall } from "../../shared/store/api_keys.ts";
import type { ProducerEnv } from "../env.ts";
import type { Route } from "../http/call.ts";
import { done, type Outcome, stopped } from "../http/problem.ts";
import type { Principal } from "./principal.ts";

const minuteMs = 60_000;

/** Counts the call, or the tick, against its key. A key without limits costs nothing here. */
export async function withinAllowance(
  env: ProducerEnv,
  principal: Principal,
  { adds }: Pick<Route, "adds">,
): Promise<Outcome<null>> {
  const { key } = principal;
  if (key === undefined) return done(null);
  const rate = key.requestsPerMinute;
  if (rate !== null && (await countCall(env.DB, key.id)) > rate) {
    const message = `this key may call ${rate} times a minute: come back when the minute is over`;
    const retryAfterSeconds = Math.ceil((minuteMs - (Date.now() % minuteMs)) / 1000);
    return stopped({ kind: "too_many_requests", message, retryAfterSeconds });
  }
  return adds === true ? withinBacklog(env, principal) : done(null);
}

/** Whether the key may leave more work waiting. */
export async function withinBacklog(
  env: ProducerEnv,
  { tenant, key }: Principal,
): Promise<Outcome<null>> {
  const backlog = key?.backlog ?? null;
  if (backlog === null || !(await backlogReaches(env.DB, tenant, backlog))) return done(null);
  const message = `${backlog} tasks are waiting or at work, as many as this key may leave so: come back when some have ended`;
  return stopped({ kind: "too_many_requests", message, retryAfterSeconds: minuteMs / 1000 });
}
