/** What one isolate knows of its fleet: read from the environment once, the same for every task. */
import * as runtime from "cloudflare:workers";
import { type FleetMode, type PolicyTable, policyTable } from "../../policies/index.ts";
import { parsePolicy, readPolicy } from "../../policies/policy.ts";
import { leaseLimits, retentionLimits } from "../../shared/limits.ts";
import { type Hosts, parseHosts } from "../../shared/local_hosts.ts";
import { readProfiles } from "../../shared/models/profile_overrides.ts";
import type { ProfileOf } from "../../shared/models/profiles.ts";
import { sha256Hex } from "../../shared/objects.ts";
import { readSpendCeiling, type SpendCeiling } from "../../shared/spend_ceiling.ts";
import { keepPolicies } from "../../shared/store/policies.ts";
import { type NativeTracing, type Spans, spansOn } from "../telemetry/spans.ts";
import type { ConsumerEnv } from "./env.ts";
import { secretIn } from "./secrets.ts";
import { type Service, servicesIn } from "./services.ts";

export interface ConsumerConfig {
  env: ConsumerEnv;
  mode: FleetMode;
  policies: PolicyTable;
  /** JSON text, policy name to the hash of its canonical text: what a first claim pins. */
  policyHashes: string;
  hosts: Hosts;
  routes: Readonly<Record<string, Service>>;
  sliceMs: number;
  /** What is known of a model, MODEL_PROFILES included. */
  profileOf: ProfileOf;
  /** What a tenant may spend in a day. */
  spendCeilingOf: SpendCeiling;
  /** Spans of the work, where the platform traces. */
  spans: Spans;
  /** A credential that policies may inject, by the name they use for it. */
  secretOf(name: string): string | undefined;
}

const fleets = new WeakMap<object, { fleet: Promise<ConsumerConfig>; at: number }>();

/** Assembled anew after a day, so that the policies it pins tasks to count as in use. */
export function readConfig(env: ConsumerEnv): Promise<ConsumerConfig> {
  const held = fleets.get(env);
  if (held !== undefined && Date.now() - held.at < retentionLimits.policiesToldMs)
    return held.fleet;
  const fleet = assemble(env);
  fleets.set(env, { fleet, at: Date.now() });
  fleet.catch(() => fleets.delete(env));
  return fleet;
}

async function assemble(env: ConsumerEnv): Promise<ConsumerConfig> {
  const mode: FleetMode = env.FLEET_MODE === "local" ? "local" : "deployed";
  const profiles = readProfiles(env.MODEL_PROFILES);
  if (!profiles.ok) throw new Error(profiles.message);
  const spend = readSpendCeiling(env.SPEND_PER_DAY_USD);
  if (!spend.ok) throw new Error(spend.message);
  const policies = policyTable(env.FLEET_POLICIES, mode);
  const texts = await canonicalTexts(policies);
  await keepPolicies(env.DB, texts);
  return {
    env,
    mode,
    policies,
    policyHashes: JSON.stringify(Object.fromEntries(texts.map(({ name, hash }) => [name, hash]))),
    hosts: hostsOf(env, mode),
    routes: servicesIn(env),
    sliceMs: mode === "local" ? leaseLimits.localSliceMs : leaseLimits.sliceMs,
    profileOf: profiles.profileOf,
    spendCeilingOf: spend.ceilingOf,
    spans: spansOn(tracing),
    secretOf: (name) => secretIn(env, name),
  };
}

/** An older runtime has none. */
const { tracing } = runtime as { tracing?: NativeTracing };

/** A map that cannot be read stops the fleet: without it, a credential would go to the host itself. */
function hostsOf(env: ConsumerEnv, mode: FleetMode): Hosts {
  const parsed = parseHosts(env.FLEET_HOSTS, mode);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.hosts;
}

/** Invalid policies have no canonical text, so nothing can be pinned to them. */
async function canonicalTexts(
  table: PolicyTable,
): Promise<{ name: string; hash: string; text: string }[]> {
  const texts = [];
  for (const [name, source] of table.sources) {
    const parsed = typeof source === "string" ? parsePolicy(source) : readPolicy(source);
    if (!parsed.ok) continue;
    const hash = await sha256Hex(new TextEncoder().encode(parsed.canonical));
    texts.push({ name, hash, text: parsed.canonical });
  }
  return texts;
}
