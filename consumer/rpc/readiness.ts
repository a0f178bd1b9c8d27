/** What a dry run checks before anything is spent: whether secrets and routes are set, and what models cost. */
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { findPolicy, policyTable } from "../../policies/index.ts";
import { secretsOf } from "../../policies/policy.ts";
import { dryRunLimits } from "../../shared/limits.ts";
import { readProfiles } from "../../shared/models/profile_overrides.ts";
import type { Price } from "../../shared/models/profiles.ts";
import type { ConsumerEnv } from "../config/env.ts";
import { readSecret } from "../config/secrets.ts";
import { findServices } from "../config/services.ts";

const Names = Type.Array(Type.String({ maxLength: 255 }), { maxItems: dryRunLimits.namesMax });

const ReadinessRequest = Type.Object({ tenant: Type.String(), policies: Names, models: Names });
export type ReadinessRequest = Static<typeof ReadinessRequest>;

export interface PolicyReadiness {
  policy: string;
  /** Only the names that the policy itself lists, never a value. */
  secrets: { name: string; set: boolean }[];
  routes: { name: string; bound: boolean }[];
}

export interface Readiness {
  policies: PolicyReadiness[];
  models: { model: string; price: Price }[];
}

/** Null where the request is invalid or MODEL_PROFILES cannot be read. */
export function checkReadiness(request: unknown, env: ConsumerEnv): Readiness | null {
  if (!Value.Check(ReadinessRequest, request)) return null;
  const mode = env.FLEET_MODE === "local" ? "local" : "deployed";
  const profiles = readProfiles(env.MODEL_PROFILES);
  if (!profiles.ok) return null;
  const table = policyTable(env.FLEET_POLICIES, mode);
  const services = findServices(env);
  return {
    policies: request.policies.flatMap((name) => {
      const lookup = findPolicy(table, name, request.tenant, mode);
      if (!lookup.ok) return [];
      const routes = new Set(lookup.value.policy.rules.flatMap(({ route }) => route ?? []));
      return {
        policy: name,
        secrets: secretsOf(lookup.value.policy, request.tenant).map((secret) => ({
          name: secret,
          set: readSecret(env, secret) !== undefined,
        })),
        routes: [...routes].map((route) => ({
          name: route,
          bound: Object.hasOwn(services, route),
        })),
      };
    }),
    models: request.models.map((model) => ({ model, price: profiles.value(model).price })),
  };
}
