/** What models are limited to and what is used of it. The consumer's governors know it, so it is asked. */
import type { ModelLimit, ModelLimitsRequest } from "../../../consumer/rpc/model_limits.ts";
import { paceLimits } from "../../../shared/limits.ts";
import { err, ok } from "../../../shared/result.ts";
import { readStats } from "../../../shared/store/stats.ts";
import { type Handler, type Route, route } from "../../http/call.ts";
import { askConsumer } from "../../rpc_client.ts";
import { isoTime } from "../../tasks/view.ts";
import type { ModelPaceAnswer } from "../fleet_responses.ts";
import * as operations from "../operations.ts";

/** Models that other tenants name are not listed; the numbers of one that is are those of the whole fleet. */
const list: Handler = async ({ env, principal }) => {
  const { models: named } = await readStats(env.DB, principal.tenant);
  const byTasks = named.sort((a, b) => b.tasks - a.tasks).map(({ model }) => model);
  const fallbacks = (env.FALLBACK_MODELS ?? "").split(",").map((id) => id.trim());
  const ids = new Set([env.MODEL, ...fallbacks, ...byTasks].filter((id) => id !== ""));
  const paces = await askConsumer<ModelLimit[]>(env.CONSUMER, {
    what: "paces",
    path: "/paces",
    body: { models: [...ids].slice(0, paceLimits.modelsMax) } satisfies ModelLimitsRequest,
    msMax: paceLimits.askMsMax,
    isAnswer: isPaces,
  });
  if (paces !== null) return ok(Response.json({ models: paces.map(paceView) }));
  const message =
    "the consumer, whose governors know it, does not answer: send the request again shortly";
  return err({ kind: "unavailable", message });
};

function paceView({ model, requestsPerMinute, shared, look }: ModelLimit): ModelPaceAnswer {
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

/** A list whose every entry has a look, or null for one that no governor answered. */
const isPaces = (value: unknown): value is ModelLimit[] =>
  Array.isArray(value) &&
  value.every((one) => typeof one === "object" && one !== null && "look" in one && "model" in one);

export const modelRoutes: readonly Route[] = [route(operations.listModelPaces, list)];
