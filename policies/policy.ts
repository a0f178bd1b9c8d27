/** Reads a policy file: text in; a canonical policy, or every refusal with its mend, out. */

import { Value, type ValueError, ValueErrorType } from "@sinclair/typebox/value";
import { canonicalJson } from "../shared/canonical_json.ts";
import { egressLimits } from "../shared/limits.ts";
import { nearest } from "../shared/nearest.ts";
import { classifyAddress } from "./address.ts";
import { hostProblem, isLocalName } from "./host.ts";
import { isDeadPrefix } from "./path.ts";
import { type Policy, PolicyFile, type Rule, type SigningSecret } from "./schema.ts";
import { coveredBy } from "./shadow.ts";

/** One place in a policy file and the words that mend it. `rule` counts from 0; null is the file itself. */
export interface Remark {
  rule: number | null;
  /** Such as `rules[2].host`; empty for the whole file. */
  path: string;
  message: string;
}

export type Parsed =
  | { ok: true; policy: Policy; canonical: string; warnings: Remark[] }
  | { ok: false; refusals: Remark[] };

/** Never throws, whatever the text. */
export function parsePolicy(text: string): Parsed {
  if (text.length > egressLimits.policyBytesMax) {
    return refused(`is longer than ${egressLimits.policyBytesMax} bytes; split it into policies`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    return refused('is not JSON; write {"rules": [...]} without comments or trailing commas');
  }
  return readPolicy(value);
}

/** The same for a value that is already parsed. */
export function readPolicy(value: unknown): Parsed {
  const refusals: Remark[] = [];
  for (const error of Value.Errors(PolicyFile, value)) {
    const at = error.path.split("/").slice(1);
    if (refusals.some((earlier) => earlier.path === spell(at))) continue;
    refusals.push(remark(at, refusalOf(error, at.at(-1) ?? "")));
    if (refusals.length >= egressLimits.policyProblemsMax) break;
  }
  if (refusals.length > 0 || !Value.Check(PolicyFile, value)) return { ok: false, refusals };

  const rules = value.rules.map((rule): Rule => {
    const { pathPrefix, inject, ...rest } = rule;
    return {
      ...rest,
      ...(pathPrefix === undefined ? {} : { path_prefix: pathPrefix }),
      ...(inject === undefined
        ? {}
        : { inject: { ...inject, header: inject.header.toLowerCase() } }),
    };
  });
  value.rules.forEach((rule, index) => {
    if (rule.pathPrefix !== undefined && rule.path_prefix !== undefined) {
      refusals.push(
        remark(["rules", `${index}`], "has path_prefix and pathPrefix; keep path_prefix"),
      );
    }
  });
  const { secrets: told, ...file } = value;
  const secrets = told?.map((entry) => (typeof entry === "string" ? { name: entry } : entry));
  const policy: Policy = { ...file, rules, ...(secrets === undefined ? {} : { secrets }) };
  rules.forEach((rule, index) => {
    refusals.push(...refuseRule(rule, index, policy.local_development === true));
  });
  secrets?.forEach((secret, index) => {
    refusals.push(...refuseSecret(secret, index, policy));
  });
  if (refusals.length > 0) {
    return { ok: false, refusals: refusals.slice(0, egressLimits.policyProblemsMax) };
  }
  return {
    ok: true,
    policy,
    canonical: canonicalJson(policy),
    warnings: [
      ...rules.flatMap((rule, index) => [
        ...warnRule(rule, index, policy),
        ...warnShadow(rules, index),
      ]),
      ...(secrets ?? []).flatMap((secret, index) => warnSecret(secret, index, policy)),
    ],
  };
}

/** Who may use a policy. */
export const tenantsOf = ({ tenants = ["default"] }: Policy): readonly string[] => tenants;

/** The names of the secrets that a policy needs, each once; for a tenant, those that it may use. */
export function secretsOf({ rules, secrets = [] }: Policy, tenant?: string): string[] {
  const injected = rules.flatMap((rule) => rule.inject?.secret ?? []);
  const signing = secrets
    .filter(({ tenants }) => tenant === undefined || tenants?.includes(tenant) !== false)
    .map(({ name }) => name);
  return [...new Set([...injected, ...signing])];
}

/** Headers that frame or route the message, or that the runtime sets itself. */
const notInjectable =
  /^(host|connection|content-length|transfer-encoding|keep-alive|te|trailer|upgrade|expect|set-cookie|forwarded|x-http-method(-override)?|x-method-override|proxy-.*|x-forwarded-.*)$/;

function refuseRule(rule: Rule, index: number, localDevelopment: boolean): Remark[] {
  const refusals: Remark[] = [];
  const at = (field: string, message: string) =>
    refusals.push(remark(["rules", `${index}`, ...field.split(".")], message));
  const problem = hostProblem(rule.host);
  if (problem !== null) at("host", problem);
  if (rule.inject !== undefined && notInjectable.test(rule.inject.header)) {
    at(
      "inject.header",
      "frames or routes the message; name the header that carries the credential",
    );
  }
  if (localDevelopment && rule.inject !== undefined && isLoopback(rule.host)) {
    at("inject", "never goes to loopback; name the host and map it with FLEET_HOSTS");
  }
  return refusals;
}

/** A secret that any of several tenants may sign with proves to nobody who sent a message. */
function refuseSecret(
  { name, tenants, hosts }: SigningSecret,
  index: number,
  policy: Policy,
): Remark[] {
  const at = (field: string[], message: string) =>
    remark(["secrets", `${index}`, ...field], message);
  const shared = tenants === undefined && new Set(tenantsOf(policy)).size > 1;
  const whose = `would be every tenant's of this policy; write {"name": "${name}", "tenants": [...]} with those that may sign with it`;
  return [
    ...(shared ? [at([], whose)] : []),
    ...(hosts ?? []).flatMap((host, place) => {
      const problem = hostProblem(host);
      return problem === null ? [] : at(["hosts", `${place}`], problem);
    }),
  ];
}

function warnSecret(secret: SigningSecret, index: number, policy: Policy): Remark[] {
  const warnings: Remark[] = [];
  const at = (field: string, message: string) =>
    warnings.push(remark(["secrets", `${index}`, field], message));
  if (secret.tenants?.some((tenant) => !tenantsOf(policy).includes(tenant)) === true) {
    at("tenants", "names a tenant that the policy is not for; list it in the file's tenants too");
  }
  for (const field of ["tenants", "hosts"] as const) {
    if (secret[field]?.length === 0) at(field, "is empty: nothing is signed with it; remove it");
  }
  return warnings;
}

/** What is valid and cannot do what its author meant. */
function warnRule(rule: Rule, index: number, policy: Policy): Remark[] {
  const warnings: Remark[] = [];
  const at = (field: string, message: string) =>
    warnings.push(remark(["rules", `${index}`, field], message));
  const kind = classifyAddress(rule.host);
  const permitted = policy.local_development === true && isLoopback(rule.host);
  if ((kind === "reserved" || kind === "loopback" || isLocalName(rule.host)) && !permitted) {
    at("host", "is not globally reachable and is always denied; name a public host");
  }
  for (const field of ["schemes", "methods"] as const) {
    if (rule[field]?.length === 0)
      at(field, "is empty: the rule matches nothing; leave it out for the default");
  }
  if (rule.path_prefix !== undefined && isDeadPrefix(rule.path_prefix)) {
    at("path_prefix", "matches no path; write it as the URL parser would spell it");
  }
  if (rule.inject !== undefined && rule.schemes?.includes("http") === true) {
    at("schemes", "lists http, over which nothing is injected: this rule matches https only");
  }
  return warnings;
}

/** The addresses and the name that `local_development` lets a local run reach. */
export function isLoopback(host: string): boolean {
  return classifyAddress(host) === "loopback" || host === "localhost";
}

function warnShadow(rules: readonly Rule[], index: number): Remark[] {
  const earlier = coveredBy(rules, index);
  if (earlier === null) return [];
  const message = `never applies: rules[${earlier}] matches all that it does; remove it or put it first`;
  return [remark(["rules", `${index}`], message)];
}

/** What is wrong at one place of the shape, with what to write instead. */
function refusalOf({ type, schema }: ValueError, name: string): string {
  switch (type) {
    case ValueErrorType.ObjectAdditionalProperties: {
      const meant = nearest(name.slice(0, 64), Object.keys(Object(schema.properties)));
      return meant === null
        ? "is not known; remove it"
        : `is not known; did you mean "${meant}"? Else remove it`;
    }
    case ValueErrorType.ObjectRequiredProperty:
      return `is missing; ${String(schema.mend)}`;
    default:
      return `is refused; ${String(schema.mend)}`;
  }
}

const refused = (message: string): Parsed => ({ ok: false, refusals: [remark([], message)] });

function remark(at: readonly string[], message: string): Remark {
  const rule = at[0] === "rules" && at[1] !== undefined ? Number(at[1]) : null;
  return { rule, path: spell(at), message };
}

/** A JSON pointer's parts as people write them: `rules[2].host`. A hostile key is cut short. */
function spell(at: readonly string[]): string {
  return at
    .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part.slice(0, 64)}`))
    .join("")
    .replace(/^\./, "");
}
