/**
 * A batch that is looked at and not accepted: nothing is stored, sent or spent. What would be refused,
 * what would be accepted and then fail for want of a secret or a binding, and what it may cost.
 */
import type { PolicyReadiness, Readiness, ReadinessRequest } from "../../consumer/rpc/readiness.ts";
import { findPolicy, policyTable } from "../../policies/index.ts";
import { secretsOf } from "../../policies/policy.ts";
import { dryRunLimits } from "../../shared/limits.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { DurableTask } from "../../shared/task.ts";
import type { Principal } from "../auth/auth.ts";
import type { ProducerEnv } from "../env.ts";
import type { Detail, Problem } from "../http/problem.ts";
import { askConsumer } from "../rpc_client.ts";
import { scopeHere } from "../tasks/check_scope.ts";
import { defaultPolicy } from "../tasks/task_rules.ts";
import type { BatchBody } from "./batch_body.ts";
import { checkEntries, Faults, type Spot } from "./batch_input.ts";
import { assumptions, type Estimate, estimateOf, Loads } from "./estimate.ts";

export interface DryRun {
  dry_run: true;
  total: number;
  /** Whether the batch would be accepted as it is. */
  acceptable: boolean;
  /** Whether it is acceptable and nothing that it needs is known to be missing. */
  ready: boolean;
  /** What would refuse the batch, each with its place. */
  faults: readonly Detail[];
  faults_unlisted: number;
  /** What would be accepted and could not do its work. */
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

/** Dollars per million tokens; null where nobody could be asked. */
export interface ModelUse {
  model: string;
  tasks: number;
  price: { input: number; cached: number; output: number } | null;
}

/** Where the tasks of one policy stand. */
type Users = Map<string, Spot[]>;

export async function dryRun(
  env: ProducerEnv,
  principal: Principal,
  { head, entries }: BatchBody,
): Promise<Result<DryRun, Problem>> {
  const users: Users = new Map();
  const tasksOf = new Map<string, number>();
  const loads = new Loads();
  const checked = await checkEntries(
    entries,
    head.defaults,
    await scopeHere(env, principal),
    async ({ spot, task }) => {
      const policy = task.policy ?? defaultPolicy;
      const at = users.get(policy);
      if (at === undefined) users.set(policy, [spot]);
      else at.push(spot);
      const models = modelsOf(task, env);
      for (const model of models.slice(0, 1)) tasksOf.set(model, (tasksOf.get(model) ?? 0) + 1);
      loads.add(task, models);
    },
  );
  if (!checked.ok) return checked;
  const { total, faults } = checked.value;

  const named = [...new Set(loads.all.flatMap(({ models }) => models))];
  const readiness = await askConsumer<Readiness>(env.CONSUMER, {
    what: "readiness",
    path: "/readiness",
    body: {
      tenant: principal.tenant,
      policies: [...users.keys()].slice(0, dryRunLimits.namesMax),
      models: named.slice(0, dryRunLimits.namesMax),
    } satisfies ReadinessRequest,
    msMax: dryRunLimits.askMsMax,
  });
  const priceOf = (model: string) =>
    readiness?.models.find((one) => one.model === model)?.price ?? null;
  const policies = usesOf(env, principal.tenant, users, readiness);
  const warnings = warningsFor(policies, users);
  return ok({
    dry_run: true,
    total,
    acceptable: !faults.any,
    ready: !faults.any && !warnings.any && readiness !== null,
    faults: faults.details,
    faults_unlisted: faults.unreported,
    warnings: warnings.details,
    warnings_unlisted: warnings.unreported,
    policies,
    models: [...tasksOf].map(([model, tasks]) => ({ model, tasks, price: priceOf(model) })),
    estimate: estimateOf(loads.all, head.limits, priceOf),
    assumptions,
  });
}

/** The task's model and what may stand in for it, as the consumer will choose them. */
function modelsOf(task: DurableTask, env: ProducerEnv): string[] {
  const model = task.model ?? env.MODEL;
  const deployed = model === "rehearsal" ? [] : (env.FALLBACK_MODELS ?? "").split(",");
  const fallbacks = task.fallback_models ?? deployed.map((id) => id.trim());
  return [...new Set([model, ...fallbacks.filter((id) => id !== "")])];
}

/** What each policy reaches and needs, from the table here; what of it is set, from the consumer. */
function usesOf(
  env: ProducerEnv,
  tenant: string,
  users: Users,
  readiness: Readiness | null,
): PolicyUse[] {
  const table = policyTable(env.FLEET_POLICIES, env.FLEET_MODE);
  return [...users].flatMap(([name, spots]) => {
    const found = findPolicy(table, name, tenant, env.FLEET_MODE);
    if (!found.ok) return [];
    const { rules } = found.policy;
    const known: PolicyReadiness | undefined = readiness?.policies.find(
      ({ policy }) => policy === name,
    );
    const isSet = (secret: string) => known?.secrets.find((one) => one.name === secret)?.set;
    const isBound = (route: string) => known?.routes.find((one) => one.name === route)?.bound;
    const routes = new Set(rules.flatMap(({ route }) => route ?? []));
    return {
      policy: name,
      tasks: spots.length,
      hosts: [...new Set(rules.map(({ host }) => host))],
      secrets: secretsOf(found.policy, tenant).map((one) => ({
        name: one,
        set: isSet(one) ?? null,
      })),
      routes: [...routes].map((one) => ({ name: one, bound: isBound(one) ?? null })),
    };
  });
}

function warningsFor(policies: readonly PolicyUse[], users: Users): Faults {
  const warned = policies.flatMap((use) => {
    const details = missingOf(use).map((message) => ({ path: "policy", message }));
    return details.length === 0
      ? []
      : (users.get(use.policy) ?? []).map((spot) => ({ spot, details }));
  });
  const warnings = new Faults();
  for (const { spot, details } of warned.sort((a, b) => a.spot.index - b.spot.index)) {
    warnings.add(spot, details, false);
  }
  return warnings;
}

function missingOf({ policy, secrets, routes }: PolicyUse): string[] {
  const unset = secrets.map(({ name, set }) => {
    if (set === true) return null;
    const why =
      set === null ? "and the consumer did not say whether it is set" : "which is not set";
    return `"${policy}" injects the secret ${name}, ${why}: set SECRET_${name} on the consumer, else its requests are refused`;
  });
  const unbound = routes.map(({ name, bound }) => {
    if (bound === true) return null;
    const why =
      bound === null ? "and the consumer did not say whether it is bound" : "which is not bound";
    return `"${policy}" routes to the service ${name}, ${why}: add the binding to wrangler.consumer.toml, else its requests are refused`;
  });
  return [...unset, ...unbound].filter((message) => message !== null);
}
