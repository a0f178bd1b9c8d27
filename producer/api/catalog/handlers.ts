/** The models, tools and egress policies of the fleet. */
import { Value } from "@sinclair/typebox/value";
import type { ModelLimit } from "../../../consumer/rpc/model_limits.ts";
import { findPolicy, policyTable } from "../../../policies/index.ts";
import { modelListLimits, modelTryLimits } from "../../../shared/limits.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { readStats } from "../../../shared/store/usage/stats.ts";
import { operatorTenant } from "../../auth/principal.ts";
import { readJson } from "../../http/body.ts";
import type { Problem } from "../../http/problem.ts";
import { type Handler, type Route, route } from "../../http/route.ts";
import { findMailboxFaults } from "../../ingress/mailbox.ts";
import { readModelLimits, tryModel } from "../../rpc_client.ts";
import { listAvailableTools } from "../../tasks/check/available_tools.ts";
import { taskProblem } from "../../tasks/check/check.ts";
import { explain } from "../../tasks/check/explain.ts";
import { isoTime } from "../../tasks/task_view.ts";
import * as operations from "./operations.ts";
import {
  type ModelLimitList,
  type ModelLimitResponse,
  ModelTry,
  type ModelTryResponse,
  type PolicyResponse,
} from "./responses.ts";

const consumerUnavailable = (): Result<never, Problem> =>
  err({
    kind: "unavailable",
    message: "the consumer does not answer: send the request again soon",
  });

/** The fleet's models and those that the tenant's tasks name. Their numbers cover all tenants. */
const handleListModels: Handler = async ({ env, principal }) => {
  const { models: named } = await readStats(env.DB, principal.tenant);
  const byTasks = named.sort((a, b) => b.tasks - a.tasks).map(({ model }) => model);
  const fallbacks = (env.FALLBACK_MODELS ?? "").split(",").map((id) => id.trim());
  const ids = new Set([env.MODEL, ...fallbacks, ...byTasks].filter((id) => id !== ""));
  const models = [...ids].slice(0, modelListLimits.modelsMax);
  const limits = await readModelLimits(env, { models });
  if (limits === null) return consumerUnavailable();
  return ok(Response.json({ models: limits.map(modelLimitView) } satisfies ModelLimitList));
};

function modelLimitView({
  model,
  requestsPerMinute,
  shared,
  snapshot,
  outage,
}: ModelLimit): ModelLimitResponse {
  const state = snapshot?.state ?? (requestsPerMinute === null ? "unlimited" : "unknown");
  return {
    model,
    state: outage === null ? state : "down",
    outage: outage && {
      endpoint: outage.endpoint,
      since: isoTime(outage.since),
      next_try_at: isoTime(outage.nextTryAt),
      message: outage.message,
    },
    closed_until: snapshot?.closedUntil == null ? null : isoTime(snapshot.closedUntil),
    shared,
    requests_per_minute: requestsPerMinute,
    allowed_per_minute: snapshot?.allowedPerMinute ?? null,
    calls_last_minute: snapshot?.callsLastMinute ?? null,
    calls_ahead: snapshot?.callsAhead ?? null,
    in_progress: snapshot?.inProgress ?? null,
    in_progress_max: snapshot?.inProgressMax ?? null,
    waiting: snapshot?.waiting ?? null,
  };
}

/** One short call at the operator's cost; it uses no budget and makes no task. */
const handleTryModel: Handler = async ({ request, env }) => {
  const body = await readJson(request, { bytesMax: modelTryLimits.bodyBytesMax, emptyIs: {} });
  if (!body.ok) return body;
  if (!Value.Check(ModelTry, body.value)) return err(taskProblem(explain(ModelTry, body.value)));
  const trial = await tryModel(env, body.value);
  return trial === null
    ? consumerUnavailable()
    : ok(Response.json(trial satisfies ModelTryResponse));
};

const handleListTools: Handler = async ({ env, principal }) => {
  const listing = await listAvailableTools(env, principal.tenant);
  if (listing === null) return consumerUnavailable();
  const { mail, vision: _, ...tools } = listing;
  const mailboxFaults = findMailboxFaults(env.FLEET_MAILBOXES, principal.tenant, mail);
  return ok(Response.json({ ...tools, faults: [...tools.faults, ...mailboxFaults] }));
};

/** The current policies that the tenant's tasks may name: rules and names of secrets, no values. */
const handleListPolicies: Handler = async ({ env, principal }) => {
  const table = policyTable(env.FLEET_POLICIES, env.FLEET_MODE);
  const policies = [...table.sources.keys()].sort().flatMap((name): PolicyResponse[] => {
    const lookup = findPolicy(table, name, principal.tenant, env.FLEET_MODE);
    if (lookup.ok) {
      const { description = null, rules, limits = null } = lookup.value.policy;
      return [{ name, description, rules, limits, problem: null }];
    }
    // An invalid policy may belong to any tenant, so only the operator's tenant sees it.
    if (lookup.error.reason === "tenant" || principal.tenant !== operatorTenant) return [];
    return [{ name, description: null, rules: [], limits: null, problem: lookup.error.message }];
  });
  return ok(Response.json({ policies }));
};

export const catalogRoutes: readonly Route[] = [
  route(operations.listModelLimits, handleListModels),
  route(operations.tryModel, handleTryModel),
  route(operations.listTools, handleListTools),
  route(operations.listPolicies, handleListPolicies),
];
