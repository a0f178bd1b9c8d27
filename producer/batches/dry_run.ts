/**
 * A dry run of a batch: nothing is stored, sent or spent. It reports what would be rejected, what would be
 * accepted and then fail because a secret or a binding is missing, and what the batch may cost.
 */
import type { Readiness } from "../../consumer/rpc/readiness.ts";
import { findPolicy, policyTable } from "../../policies/index.ts";
import { secretsOf } from "../../policies/policy.ts";
import { dryRunLimits } from "../../shared/limits.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { DurableTask } from "../../shared/task/task.ts";
import type { Principal } from "../auth/principal.ts";
import type { ProducerEnv } from "../env.ts";
import type { Detail, Problem } from "../http/problem.ts";
import { readReadiness } from "../rpc_client.ts";
import { loadCheckScope } from "../tasks/check/check_scope.ts";
import { defaultPolicy } from "../tasks/check/task_rules.ts";
import type { BatchBody } from "./batch_body.ts";
import { checkEntries, type EntryPlace, Faults } from "./batch_input.ts";
import { assumptions, CostGroups, type Estimate, estimateCost } from "./estimate.ts";
import { qualityWarnings } from "./quality_warnings.ts";

export interface DryRun {
  dry_run: true;
  total: number;
  /** Whether the batch would be accepted. */
  acceptable: boolean;
  /** Whether it is acceptable and has everything that it needs. */
  ready: boolean;
  /** Why the batch would be rejected, each with its place. */
  faults: readonly Detail[];
  faults_unlisted: number;
  /** Tasks that would be accepted but could not do their work. */
  warnings: readonly Detail[];
  warnings_unlisted: number;
  policies: PolicyUse[];
  models: ModelUse[];
  estimate: Estimate;
  assumptions: readonly string[];
}

/** `set` and `bound` are null where the consumer did not answer. */
export interface PolicyUse {
  policy: string;
  tasks: number;
  hosts: string[];
  secrets: { name: string; set: boolean | null }[];
  routes: { name: string; bound: boolean | null }[];
}

/** Dollars per million tokens; null where the consumer did not answer. */
export interface ModelUse {
  model: string;
  tasks: number;
  price: { input: number; cached: number; output: number } | null;
}

interface PlacedDetails {
  place: EntryPlace;
  details: Detail[];
}

/** The places of the tasks of each policy. */
type PolicyPlaces = Map<string, EntryPlace[]>;

export async function dryRun(
  env: ProducerEnv,
  principal: Principal,
  { head, entries }: BatchBody,
): Promise<Result<DryRun, Problem>> {
  const places: PolicyPlaces = new Map();
  const tasksPerModel = new Map<string, number>();
  const groups = new CostGroups();
  const tooSmall: PlacedDetails[] = [];
  const scope = await loadCheckScope(env, principal);
  const result = await checkEntries(entries, head.defaults, scope, async ({ place, task }) => {
    const policy = task.policy ?? defaultPolicy;
    const listedPlaces = places.get(policy);
    if (listedPlaces === undefined) places.set(policy, [place]);
    else listedPlaces.push(place);
    const models = modelsOf(task, env);
    const [model = env.MODEL] = models;
    tasksPerModel.set(model, (tasksPerModel.get(model) ?? 0) + 1);
    groups.add(task, models);
    const details = qualityWarnings(task);
    if (details.length > 0) tooSmall.push({ place, details });
  });
  if (!result.ok) return result;
  const { total, faults } = result.value;

  const modelNames = [...new Set(groups.all.flatMap(({ models }) => models))];
  const readiness = await readReadiness(env, {
    tenant: principal.tenant,
    policies: [...places.keys()].slice(0, dryRunLimits.namesMax),
    models: modelNames.slice(0, dryRunLimits.namesMax),
  });
  const priceOf = (model: string) =>
    readiness?.models.find((candidate) => candidate.model === model)?.price ?? null;
  const policies = listPolicyUses(env, principal.tenant, places, readiness);
  const warnings = findWarnings(policies, places, tooSmall);
  return ok({
    dry_run: true,
    total,
    acceptable: !faults.any,
    ready: !faults.any && !warnings.any && readiness !== null,
    faults: faults.details,
    faults_unlisted: faults.unlisted,
    warnings: warnings.details,
    warnings_unlisted: warnings.unlisted,
    policies,
    models: [...tasksPerModel].map(([model, tasks]) => ({ model, tasks, price: priceOf(model) })),
    estimate: estimateCost(groups.all, head.limits, priceOf),
    assumptions,
  });
}

/** The task's model and its fallbacks, in the order in which the consumer will try them. */
function modelsOf(task: DurableTask, env: ProducerEnv): string[] {
  const model = task.model ?? env.MODEL;
  const deploymentList = model === "rehearsal" ? [] : (env.FALLBACK_MODELS ?? "").split(",");
  const fallbacks = task.fallback_models ?? deploymentList.map((id) => id.trim());
  return [...new Set([model, ...fallbacks.filter((id) => id !== "")])];
}

/** What each policy reaches and needs, from the policies; what of it is set or bound, from the consumer. */
function listPolicyUses(
  env: ProducerEnv,
  tenant: string,
  places: PolicyPlaces,
  readiness: Readiness | null,
): PolicyUse[] {
  const table = policyTable(env.FLEET_POLICIES, env.FLEET_MODE);
  return [...places].flatMap(([policy, { length: tasks }]) => {
    const lookup = findPolicy(table, policy, tenant, env.FLEET_MODE);
    if (!lookup.ok) return [];
    const { rules } = lookup.value.policy;
    const policyReadiness = readiness?.policies.find((ready) => ready.policy === policy);
    const isSet = (name: string) =>
      policyReadiness?.secrets.find((secret) => secret.name === name)?.set;
    const isBound = (name: string) =>
      policyReadiness?.routes.find((route) => route.name === name)?.bound;
    const routes = [...new Set(rules.flatMap(({ route }) => route ?? []))];
    return {
      policy,
      tasks,
      hosts: [...new Set(rules.map(({ host }) => host))],
      secrets: secretsOf(lookup.value.policy, tenant).map((name) => ({
        name,
        set: isSet(name) ?? null,
      })),
      routes: routes.map((name) => ({ name, bound: isBound(name) ?? null })),
    };
  });
}

function findWarnings(
  policies: readonly PolicyUse[],
  places: PolicyPlaces,
  tooSmall: readonly PlacedDetails[],
): Faults {
  const policyWarnings = policies.flatMap((use) => {
    const details = policyUseWarnings(use).map((message) => ({ path: "policy", message }));
    return (places.get(use.policy) ?? []).map((place) => ({ place, details }));
  });
  const warnings = new Faults();
  const all = [...policyWarnings, ...tooSmall];
  for (const { place, details } of all.sort((a, b) => a.place.index - b.place.index)) {
    warnings.add(place, details);
  }
  return warnings;
}

function policyUseWarnings({ policy, secrets, routes }: PolicyUse): string[] {
  const unset = secrets.flatMap(({ name, set }) => {
    if (set === true) return [];
    const state =
      set === null ? "the consumer did not report whether it is set" : "which is not set";
    return `"${policy}" injects the secret ${name}, ${state}: set SECRET_${name} on the consumer, or its requests are denied`;
  });
  const unbound = routes.flatMap(({ name, bound }) => {
    if (bound === true) return [];
    const state =
      bound === null ? "the consumer did not report whether it is bound" : "which is not bound";
    return `"${policy}" routes to the service ${name}, ${state}: add the binding to wrangler.consumer.toml, or its requests are denied`;
  });
  return [...unset, ...unbound];
}
