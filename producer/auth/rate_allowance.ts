/** What one key may do in a minute, and how much work it may leave waiting. */

import { err, ok, type Result } from "../../shared/result.ts";
import { backlogReaches, countCall } from "../../shared/store/api_keys.ts";
import type { ProducerEnv } from "../env.ts";
import type { Route } from "../http/call.ts";
import type { Problem } from "../http/problem.ts";
import type { Principal } from "./principal.ts";

const minuteMs = 60_000;

/** Counts the call, or the tick, against its key. A key without limits costs nothing here. */
export async function withinAllowance(
  env: ProducerEnv,
  principal: Principal,
  { adds }: Pick<Route, "adds">,
): Promise<Result<null, Problem>> {
  const { key } = principal;
  if (key === undefined) return ok(null);
  const rate = key.requestsPerMinute;
  if (rate !== null && (await countCall(env.DB, key.id)) > rate) {
    const message = `this key may call ${rate} times a minute: come back when the minute is over`;
    const retryAfterSeconds = Math.ceil((minuteMs - (Date.now() % minuteMs)) / 1000);
    return err({ kind: "too_many_requests", message, retryAfterSeconds });
  }
  return adds === true ? withinBacklog(env, principal) : ok(null);
}

/** Whether the key may leave more work waiting. */
export async function withinBacklog(
  env: ProducerEnv,
  { tenant, key }: Principal,
): Promise<Result<null, Problem>> {
  const backlog = key?.backlog ?? null;
  if (backlog === null || !(await backlogReaches(env.DB, tenant, backlog))) return ok(null);
  const message = `${backlog} tasks are waiting or at work, as many as this key may leave so: come back when some have ended`;
  return err({ kind: "too_many_requests", message, retryAfterSeconds: minuteMs / 1000 });
}
