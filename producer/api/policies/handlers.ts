/** The egress policies that the tenant's tasks may name, as they stand now: rules and names of secrets, no value. */
import { findPolicy, policyTable } from "../../../policies/index.ts";
import { ok } from "../../../shared/result.ts";
import { operatorTenant } from "../../auth/principal.ts";
import { type Handler, type Route, route } from "../../http/call.ts";
import type { PolicyAnswer } from "../fleet_responses.ts";
import * as operations from "../operations.ts";

const list: Handler = async ({ env, principal }) => {
  const table = policyTable(env.FLEET_POLICIES, env.FLEET_MODE);
  const policies = [...table.sources.keys()].sort().flatMap((name): PolicyAnswer[] => {
    const found = findPolicy(table, name, principal.tenant, env.FLEET_MODE);
    if (found.ok) {
      const { description = null, rules, limits = null } = found.policy;
      return [{ name, description, rules, limits, problem: null }];
    }
    // Another tenant's policy is none of the caller's, and one that cannot be read may be anybody's.
    if (found.reason === "tenant" || principal.tenant !== operatorTenant) return [];
    return [{ name, description: null, rules: [], limits: null, problem: found.message }];
  });
  return ok(Response.json({ policies }));
};

export const policyRoutes: readonly Route[] = [route(operations.listPolicies, list)];
