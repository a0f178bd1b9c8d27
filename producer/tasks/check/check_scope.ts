/** What a task is checked against: its sender, what this fleet is configured with, and the time of the check. */
import type { ToolListing } from "../../../consumer/rpc/tools.ts";
import { findPolicy, policyTable } from "../../../policies/index.ts";
import { checkWebhook } from "../../../policies/webhook.ts";
import { isListed, profileOf } from "../../../shared/models/profiles.ts";
import { routeOf } from "../../../shared/platform/serving.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { customToolNames } from "../../../shared/task/custom_tools.ts";
import { bindingTools, standardTools, type Webhook } from "../../../shared/task/task.ts";
import type { Principal } from "../../auth/principal.ts";
import type { ProducerEnv } from "../../env.ts";
import { listAvailableTools } from "./available_tools.ts";

/** Allowed, or why not and what to change. */
type Allowed = Result<null, string>;

export interface CheckScope {
  /** The model of tasks that do not name one. */
  model: string;
  /** Whether scripted models are allowed: always in local runs, else for admins only. */
  allowsRehearsal: boolean;
  now: number;
  /** The names of all tools. */
  tools: readonly string[];
  /** The consumer's listing of tools, MCP servers and skills; null where it is not known, and then nothing is rejected for it. */
  available: ToolListing | null;
  /** Whether the tenant may use the policy. */
  checkPolicy: (name: string) => Allowed;
  /** Whether something here serves the model. */
  checkModel: (id: string) => Allowed;
  /** Whether a model sees pictures, as far as is known. */
  seesPictures: (model: string) => boolean;
  /** Whether a webhook could be delivered. */
  checkWebhook: (webhook: Webhook) => Allowed;
  /** Parts that are known to be valid: 50,000 lines may share one default. */
  validParts: WeakSet<object>;
}

/** `available` is the consumer's listing, if the caller has asked for it. */
export function buildCheckScope(
  env: ProducerEnv,
  { tenant, scopes }: Principal,
  now = Date.now(),
  available: ToolListing | null = null,
): CheckScope {
  const table = policyTable(env.FLEET_POLICIES, env.FLEET_MODE);
  return {
    model: env.MODEL,
    allowsRehearsal: env.FLEET_MODE === "local" || scopes.includes("admin"),
    now,
    tools: [...standardTools, ...bindingTools, ...customToolNames],
    available,
    checkPolicy: cacheChecks((name) => {
      const policy = findPolicy(table, name, tenant, env.FLEET_MODE);
      return policy.ok ? ok(null) : err(policy.error.message);
    }),
    checkModel: cacheChecks((id) => {
      const serving = { workersAi: env.WORKERS_AI === "bound", baseUrl: env.MODEL_BASE_URL };
      const route = routeOf(id, serving);
      if (route.kind !== "none") return ok(null);
      return err(`${route.missing} MODEL names the model of tasks that do not name one.`);
    }),
    seesPictures: (id) => {
      if (id === "rehearsal") return true;
      const overrides = available?.vision;
      // Only the consumer knows MODEL_PROFILES: without its listing, an unlisted model fails there.
      if (overrides === undefined) return !isListed(id) || profileOf(id).vision;
      return overrides[id] ?? (isListed(id) ? profileOf(id).vision : (overrides["*"] ?? false));
    },
    checkWebhook: (webhook) => {
      const policy = findPolicy(table, "webhooks", tenant, env.FLEET_MODE);
      const result = checkWebhook(policy, tenant, webhook);
      return result.ok ? ok(null) : result;
    },
    validParts: new WeakSet(),
  };
}

/** The scope of a request that may wait for the consumer's listing. */
export async function loadCheckScope(env: ProducerEnv, principal: Principal): Promise<CheckScope> {
  const available = await listAvailableTools(env, principal.tenant);
  return buildCheckScope(env, principal, Date.now(), available);
}

function cacheChecks(check: (name: string) => Allowed): (name: string) => Allowed {
  const results = new Map<string, Allowed>();
  return (name) => {
    const result = results.get(name) ?? check(name);
    results.set(name, result);
    return result;
  };
}
