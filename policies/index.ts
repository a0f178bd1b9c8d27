/**
 * The policy table. A policy is one JSON file here and one line in `shipped`: a Worker
 * has no folder to read. `node policies/check.ts` says when a file has no line.
 */
import shippedDefault from "./default.json" with { type: "json" };
import shippedDemo from "./demo.json" with { type: "json" };
import { type Parsed, parsePolicy, readPolicy, secretsOf, tenantsOf } from "./policy.ts";
import type { Policy } from "./schema.ts";
import shippedWebhooks from "./webhooks.json" with { type: "json" };

const shipped: Readonly<Record<string, unknown>> = {
  default: shippedDefault,
  demo: shippedDemo,
  webhooks: shippedWebhooks,
};

/** Why a task gets no policy. Each of them denies every request. */
export type PolicyDenial =
  | "no_policy"
  | "unknown_policy"
  | "invalid_policy"
  | "tenant"
  | "local_only"
  | "store_error";

export type PolicyAnswer =
  | { ok: true; name: string; policy: Policy; canonical: string }
  | { ok: false; name: string; reason: PolicyDenial; message: string };

export type FleetMode = "local" | "deployed";

/** Every policy by name, not yet read. `problem` says why further policies are missing. */
export interface PolicyTable {
  sources: ReadonlyMap<string, unknown>;
  problem: string | null;
}

const policyName = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/**
 * The shipped policies and, in local runs, those of `FLEET_POLICIES`: JSON, name to a
 * policy or its text. A further policy replaces a shipped one of its name. Never throws.
 */
export function policyTable(further: string | undefined, mode: FleetMode): PolicyTable {
  const sources = new Map<string, unknown>(Object.entries(shipped));
  if (further === undefined || further === "") return { sources, problem: null };
  if (mode !== "local") return { sources, problem: "FLEET_POLICIES is for local runs only." };
  let value: unknown;
  try {
    value = JSON.parse(further);
  } catch {
    value = null;
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    return { sources, problem: "FLEET_POLICIES is not a JSON object of name to policy." };
  }
  const bad: string[] = [];
  for (const [name, source] of Object.entries(value)) {
    if (policyName.test(name)) sources.set(name, source);
    else bad.push(name.slice(0, 64));
  }
  if (bad.length === 0) return { sources, problem: null };
  return { sources, problem: `Policy names match ${policyName.source}: ${bad.join(", ")}.` };
}

/** The policy that a tenant's task names, as it stands now. */
export function findPolicy(
  table: PolicyTable,
  name: string,
  tenant: string,
  mode: FleetMode,
): PolicyAnswer {
  const source = table.sources.get(name);
  if (source === undefined) {
    const known = [...table.sources.keys()].sort().join(", ");
    const message = `There is no policy ${JSON.stringify(name)}; there are ${known}.`;
    const why = table.problem === null ? message : `${message} ${table.problem}`;
    return { ok: false, name, reason: "unknown_policy", message: why };
  }
  return admit(
    name,
    typeof source === "string" ? parsePolicy(source) : readPolicy(source),
    tenant,
    mode,
  );
}

/**
 * The policy that a task was pinned to, from its kept text. The name must still exist
 * and still admit the tenant: a policy that is taken away stays away.
 */
export function pinnedPolicy(
  table: PolicyTable,
  name: string,
  canonical: string,
  tenant: string,
  mode: FleetMode,
): PolicyAnswer {
  const current = findPolicy(table, name, tenant, mode);
  if (!current.ok && current.reason !== "invalid_policy") return current;
  return admit(name, parsePolicy(canonical), tenant, mode);
}

function admit(name: string, parsed: Parsed, tenant: string, mode: FleetMode): PolicyAnswer {
  if (!parsed.ok) {
    const [first] = parsed.refusals;
    const message = `Policy ${name} is invalid: ${first?.path ?? ""} ${first?.message ?? ""}.`;
    return { ok: false, name, reason: "invalid_policy", message };
  }
  const { policy, canonical } = parsed;
  if (!tenantsOf(policy).includes(tenant)) {
    const message = `Policy ${name} is not for tenant ${tenant}; add it to tenants.`;
    return { ok: false, name, reason: "tenant", message };
  }
  if (mode === "deployed" && policy.local_development === true) {
    const message = `Policy ${name} has local_development, which a deployed Worker refuses.`;
    return { ok: false, name, reason: "local_only", message };
  }
  return { ok: true, name, policy, canonical };
}

/** The names of the policies that ship with the repository. */
export const shippedNames: readonly string[] = Object.keys(shipped);

/** The secrets that the shipped policies inject or sign with, each once. */
export function shippedPolicySecrets(): string[] {
  const names = Object.values(shipped).flatMap((source) => {
    const parsed = readPolicy(source);
    return parsed.ok ? secretsOf(parsed.policy) : [];
  });
  return [...new Set(names)];
}
