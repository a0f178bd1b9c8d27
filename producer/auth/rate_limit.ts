/** The limits of a key: calls per minute, and unfinished tasks. */
import { err, ok, type Result } from "../../shared/result.ts";
import { countKeyCall, isBacklogFull } from "../../shared/store/keys/key_use.ts";
import { readDatabaseSize } from "../../shared/store/sql.ts";
import type { ProducerEnv } from "../env.ts";
import type { Problem } from "../http/problem.ts";
import type { Route } from "../http/route.ts";
import type { Principal } from "./principal.ts";

const minuteMs = 60_000;

/** Counts the call, or the tick, against its key. A key without limits causes no database call. */
export async function checkRateLimit(
  env: ProducerEnv,
  principal: Principal,
  { addsWork: adds }: Pick<Route, "addsWork">,
): Promise<Result<null, Problem>> {
  const { key } = principal;
  if (adds === true) {
    const roomCheck = await checkDatabaseRoom(env);
    if (!roomCheck.ok) return roomCheck;
  }
  if (key === undefined) return ok(null);
  const rate = key.requestsPerMinute;
  if (rate !== null && (await countKeyCall(env.DB, key.id)) > rate) {
    const message = `rate limit of this key reached (${rate} calls per minute): retry in the next minute`;
    const retryAfterSeconds = Math.ceil((minuteMs - (Date.now() % minuteMs)) / 1000);
    return err({ kind: "too_many_requests", message, retryAfterSeconds });
  }
  return adds === true ? checkBacklog(env, principal) : ok(null);
}

/** A nearly full database takes no new work, so that what it has can end. */
export async function checkDatabaseRoom({ DB }: ProducerEnv): Promise<Result<null, Problem>> {
  const size = await readDatabaseSize(DB);
  if (size.state !== "full") return ok(null);
  const message = `the database holds ${size.bytes} of ${size.bytes_max} bytes and takes no new work, while accepted tasks end: shorten RETENTION_DAYS, erase a tenant's tasks, or wait until old tasks are removed`;
  return err({ kind: "unavailable", message });
}

/** Whether the key may add more work. */
export async function checkBacklog(
  env: ProducerEnv,
  { tenant, key }: Principal,
): Promise<Result<null, Problem>> {
  const backlog = key?.backlog ?? null;
  if (backlog === null || !(await isBacklogFull(env.DB, tenant, backlog))) return ok(null);
  const message = `backlog limit of this key reached (${backlog} unfinished tasks): retry when some have settled`;
  return err({ kind: "too_many_requests", message, retryAfterSeconds: minuteMs / 1000 });
}
