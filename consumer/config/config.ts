/** The configuration of one isolate, read from the environment once and shared by all tasks. */
import * as runtime from "cloudflare:workers";
import { type FleetMode, type PolicyTable, policyTable } from "../../policies/index.ts";
import { parsePolicy, readPolicy } from "../../policies/policy.ts";
import { type Hosts, parseHosts } from "../../shared/addresses/local_hosts.ts";
import { sha256Hex } from "../../shared/files/objects.ts";
import { leaseLimits, retentionLimits } from "../../shared/limits.ts";
import { readProfiles } from "../../shared/models/profile_overrides.ts";
import type { ProfileOf } from "../../shared/models/profiles.ts";
import { readPatience } from "../../shared/platform/patience.ts";
import { readSpendCeiling, type SpendCeiling } from "../../shared/spend/spend_ceiling.ts";
import { storePolicies } from "../../shared/store/policies.ts";
import { type NativeTracing, type Spans, spansFor } from "../telemetry/spans.ts";
import type { ConsumerEnv } from "./env.ts";
import { readSecret } from "./secrets.ts";
import { findServices, type Service } from "./services.ts";

export interface ConsumerConfig {
  env: ConsumerEnv;
  mode: FleetMode;
  policies: PolicyTable;
  /** JSON, policy name to the hash of its canonical text: a first claim pins the hash. */
  policyHashes: string;
  hosts: Hosts;
  routes: Readonly<Record<string, Service>>;
  sliceMs: number;
  /** How long an outage of a model's endpoint is waited out (MODEL_PATIENCE). */
  patienceMs: number;
  /** The table of models with the overrides of MODEL_PROFILES. */
  profileOf: ProfileOf;
  /** Dollars that a tenant may spend in a day. */
  spendCeilingOf: SpendCeiling;
  /** The share of tasks whose every step is logged; failed steps always are. */
  stepShare: number;
  /** Spans on the platform's tracing. */
  spans: Spans;
  /** A credential that policies may inject, by its name in the policies. */
  secretOf(name: string): string | undefined;
}

const cache = new WeakMap<object, { config: Promise<ConsumerConfig>; readAt: number }>();

/** Cached for a day. Each reading marks the policies that tasks are pinned to as used. */
export function readConfig(env: ConsumerEnv): Promise<ConsumerConfig> {
  const cached = cache.get(env);
  if (cached !== undefined && Date.now() - cached.readAt < retentionLimits.policiesStoreMs)
    return cached.config;
  const config = buildConfig(env);
  cache.set(env, { config, readAt: Date.now() });
  config.catch(() => cache.delete(env));
  return config;
}

async function buildConfig(env: ConsumerEnv): Promise<ConsumerConfig> {
  const mode: FleetMode = env.FLEET_MODE === "local" ? "local" : "deployed";
  const profiles = readProfiles(env.MODEL_PROFILES);
  if (!profiles.ok) throw new Error(profiles.error);
  const spend = readSpendCeiling(env.SPEND_PER_DAY_USD);
  if (!spend.ok) throw new Error(spend.error);
  const policies = policyTable(env.FLEET_POLICIES, mode);
  const texts = await canonicalTexts(policies);
  await storePolicies(env.DB, texts);
  return {
    env,
    mode,
    policies,
    policyHashes: JSON.stringify(Object.fromEntries(texts.map(({ name, hash }) => [name, hash]))),
    hosts: readHosts(env, mode),
    routes: findServices(env),
    sliceMs: mode === "local" ? leaseLimits.localSliceMs : leaseLimits.sliceMs,
    patienceMs: readPatience(env.MODEL_PATIENCE),
    profileOf: profiles.value,
    spendCeilingOf: spend.value,
    stepShare: readStepShare(env.LOG_STEPS),
    spans: spansFor(tracing),
    secretOf: (name) => readSecret(env, name),
  };
}

/** LOG_STEPS: a share from 0 to 1; all steps where it is absent. */
function readStepShare(text = "1"): number {
  const share = Number(text);
  if (text.trim() === "" || !(share >= 0 && share <= 1))
    throw new Error(`LOG_STEPS is "${text}"; set a share from 0 to 1.`);
  return share;
}

/** Undefined in older runtimes. */
const { tracing } = runtime as { tracing?: NativeTracing };

/** An invalid map stops the fleet: without it, a credential would go to the host itself. */
function readHosts(env: ConsumerEnv, mode: FleetMode): Hosts {
  const parsed = parseHosts(env.FLEET_HOSTS, mode);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

/** Invalid policies have no canonical text, so no task can be pinned to them. */
async function canonicalTexts(
  table: PolicyTable,
): Promise<{ name: string; hash: string; text: string }[]> {
  const texts = [];
  for (const [name, source] of table.sources) {
    const parsed = typeof source === "string" ? parsePolicy(source) : readPolicy(source);
    if (!parsed.ok) continue;
    const hash = await sha256Hex(new TextEncoder().encode(parsed.value.canonical));
    texts.push({ name, hash, text: parsed.value.canonical });
  }
  return texts;
}
