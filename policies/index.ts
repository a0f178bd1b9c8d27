/**
 * The policy table. A policy is one JSON file here and one line in `shippedPolicies`, because a Worker cannot read a
 * folder. `node policies/check.ts` reports files without a line.
 */

import { err, ok, type Result } from "../shared/result.ts";
import shippedDefault from "./default.json" with { type: "json" };
import shippedDemo from "./demo.json" with { type: "json" };
import { type ParseResult, parsePolicy, readPolicy, secretsOf, tenantsOf } from "./policy.ts";
import type { Policy } from "./schema.ts";
import shippedWebhooks from "./webhooks.json" with { type: "json" };

const shippedPolicies: Readonly<Record<string, unknown>> = {
  default: shippedDefault,
  demo: shippedDemo,
  webhooks: shippedWebhooks,
};

/** Why a task has no usable policy. Each reason denies every request. */
export type PolicyDenial =
  | "no_policy"
  | "unknown_policy"
  | "invalid_policy"
  | "tenant"
  | "local_only"
  | "store_error";

export type PolicyLookup = Result<
  { name: string; policy: Policy; canonical: string },
  { name: string; reason: PolicyDenial; message: string }
>;

export type FleetMode = "local" | "deployed";

/** Every policy by name, not yet parsed. `problem`: why policies of FLEET_POLICIES are missing, or null. */
export interface PolicyTable {
  sources: ReadonlyMap<string, unknown>;
  problem: string | null;
}

const policyName = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/**
 * The shipped policies and, in local runs, those of `FLEET_POLICIES`: a JSON object from name to a policy or its
 * text. They replace shipped policies of the same name. Never throws.
 */
export function policyTable(fleetPolicies: string | undefined, mode: FleetMode): PolicyTable {
  const sources = new Map<string, unknown>(Object.entries(shippedPolicies));
  if (fleetPolicies === undefined || fleetPolicies === "") return { sources, problem: null };
  if (mode !== "local") return { sources, problem: "FLEET_POLICIES is for local runs only." };
  let value: unknown;
  try {
    value = JSON.parse(fleetPolicies);
  } catch {
    value = null;
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    return { sources, problem: "FLEET_POLICIES is not a JSON object of name to policy." };
  }
  const invalid: string[] = [];
  for (const [name, source] of Object.entries(value)) {
    if (policyName.test(name)) sources.set(name, source);
    else invalid.push(name.slice(0, 64));
  }
  if (invalid.length === 0) return { sources, problem: null };
  const names = invalid.join(", ");
  return {
    sources,
    problem: `Invalid policy names, they must match ${policyName.source}: ${names}.`,
  };
}

/** The current policy of a name, for a task of the tenant. */
export function findPolicy(
  table: PolicyTable,
  name: string,
  tenant: string,
  mode: FleetMode,
): PolicyLookup {
  const source = table.sources.get(name);
  if (source === undefined) {
    const names = [...table.sources.keys()].sort().join(", ");
    const unknown = `Unknown policy ${JSON.stringify(name)}; known policies: ${names}.`;
    const message = table.problem === null ? unknown : `${unknown} ${table.problem}`;
    return err({ name, reason: "unknown_policy", message });
  }
  const parsed = typeof source === "string" ? parsePolicy(source) : readPolicy(source);
  return checkAllowed(name, parsed, tenant, mode);
}

/**
 * The policy that a task is pinned to, from its stored text. The name must still exist and still allow the
 * tenant, so a removed policy denies pinned tasks too.
 */
export function pinnedPolicy(
  table: PolicyTable,
  name: string,
  canonical: string,
  tenant: string,
  mode: FleetMode,
): PolicyLookup {
  const current = findPolicy(table, name, tenant, mode);
  if (!current.ok && current.error.reason !== "invalid_policy") return current;
  return checkAllowed(name, parsePolicy(canonical), tenant, mode);
}

function checkAllowed(
  name: string,
  parsed: ParseResult,
  tenant: string,
  mode: FleetMode,
): PolicyLookup {
  if (!parsed.ok) {
    const [first] = parsed.error;
    const message = `Policy ${name} is invalid: ${first?.path ?? ""} ${first?.message ?? ""}.`;
    return err({ name, reason: "invalid_policy", message });
  }
  const { policy, canonical } = parsed.value;
  if (!tenantsOf(policy).includes(tenant)) {
    const message = `Policy ${name} is not for tenant ${tenant}; add it to tenants.`;
    return err({ name, reason: "tenant", message });
  }
  if (mode === "deployed" && policy.local_development === true) {
    const message = `Policy ${name} has local_development, which only local runs allow.`;
    return err({ name, reason: "local_only", message });
  }
  return ok({ name, policy, canonical });
}

/** The names of the policies that ship with the repository. */
export const shippedNames: readonly string[] = Object.keys(shippedPolicies);

/** The demo's order service runs only on the machine of the demo. */
const demoPolicy = "demo";

/** The secrets that the policies of a deployment inject or sign with, without duplicates. */
export function deployedPolicySecrets(): string[] {
  const names = Object.entries(shippedPolicies).flatMap(([name, source]) => {
    if (name === demoPolicy) return [];
    const parsed = readPolicy(source);
    return parsed.ok ? secretsOf(parsed.value.policy) : [];
  });
  return [...new Set(names)];
}
