/** What models are limited to and what is used of it. The consumer's governors know it, so it is asked. */
import type { ModelPace, PaceQuestion } from "../../consumer/paces.ts";
import { paceLimits } from "../../shared/limits.ts";
import { log } from "../../shared/log.ts";
import { readStats } from "../../shared/store/stats.ts";
import type { ModelPaceAnswer } from "../answers/fleet.ts";
import type { ProducerEnv } from "../env.ts";
import { type Handler, type Route, route } from "../http/call.ts";
import { done, stopped } from "../http/problem.ts";
import * as operations from "../operations/index.ts";
import { isoTime } from "../tasks/view.ts";

/** Models that other tenants name are not listed; the numbers of one that is are those of the whole fleet. */
const list: Handler = async ({ env, principal }) => {
  const { models: named } = await readStats(env.DB, principal.tenant);
  const byTasks = named.sort((a, b) => b.tasks - a.tasks).map(({ model }) => model);
  const fallbacks = (env.FALLBACK_MODELS ?? "").split(",").map((id) => id.trim());
  const ids = new Set([env.MODEL, ...fallbacks, ...byTasks].filter((id) => id !== ""));
  const paces = await ask(env, { models: [...ids].slice(0, paceLimits.modelsMax) });
  if (paces !== null) return done(Response.json({ models: paces.map(paceView) }));
  const message =
    "the consumer, whose governors know it, does not answer: send the request again shortly";
  return stopped({ kind: "unavailable", message });
};

function paceView({ model, requestsPerMinute, shared, look }: ModelPace): ModelPaceAnswer {
  return {
    model,
    state: look?.state ?? (requestsPerMinute === null ? "unlimited" : "unknown"),
    closed_until: look === null || look.closedUntil === null ? null : isoTime(look.closedUntil),
    shared,
    requests_per_minute: requestsPerMinute,
    allowed_per_minute: look?.allowedPerMinute ?? null,
    calls_last_minute: look?.callsLastMinute ?? null,
    calls_ahead: look?.callsAhead ?? null,
    in_progress: look?.inProgress ?? null,
    in_progress_max: look?.inProgressMax ?? null,
    waiting: look?.waiting ?? null,
  };
}

/** Null where no consumer is bound or none answers. */
async function ask(env: ProducerEnv, question: PaceQuestion): Promise<ModelPace[] | null> {
  try {
    const response = await env.CONSUMER?.fetch("https://consumer/paces", {
      method: "POST",
      body: JSON.stringify(question),
      signal: AbortSignal.timeout(paceLimits.askMsMax),
    });
    if (response === undefined) return null;
    if (!response.ok) throw new Error(`answered ${response.status}`);
    const paces = await response.json<ModelPace[]>();
    // A consumer of an earlier version answers every path, with what is no list.
    if (!Array.isArray(paces)) throw new Error("answered no list");
    return paces;
  } catch (error) {
    log("unhealthy", { what: "paces", message: String(error) });
    return null;
  }
}

export const modelRoutes: readonly Route[] = [route(operations.listModelPaces, list)];
