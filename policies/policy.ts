/** Reads a policy file. Returns a canonical policy, or every problem with its fix. */
import { Value, type ValueError, ValueErrorType } from "@sinclair/typebox/value";
import { egressLimits } from "../shared/limits.ts";
import { err, ok, type Result } from "../shared/result.ts";
import { canonicalJson } from "../shared/text/canonical_json.ts";
import { nearestName } from "../shared/text/nearest.ts";
import { classifyAddress } from "./address.ts";
import { checkHost, isLocalName } from "./host.ts";
import { isDeadPrefix } from "./path.ts";
import { type Policy, PolicyFile, type Rule, type SigningSecret } from "./schema.ts";
import { coveredBy } from "./shadow.ts";

/** A problem or a warning at one place of a policy file, with its fix. `rule` counts from 0; null: the file. */
export interface Finding {
  rule: number | null;
  /** Such as `rules[2].host`; empty for the whole file. */
  path: string;
  message: string;
}

export type ParseResult = Result<
  { policy: Policy; canonical: string; warnings: Finding[] },
  Finding[]
>;

/** Never throws, whatever the text. */
export function parsePolicy(text: string): ParseResult {
  if (text.length > egressLimits.policyBytesMax) {
    return invalid(`is longer than ${egressLimits.policyBytesMax} bytes; split it into policies`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    return invalid('is not JSON; write {"rules": [...]} without comments or trailing commas');
  }
  return readPolicy(value);
}

/** Reads a value that is already parsed. */
export function readPolicy(value: unknown): ParseResult {
  const problems: Finding[] = [];
  for (const error of Value.Errors(PolicyFile, value)) {
    const place = error.path.split("/").slice(1);
    if (problems.some((earlier) => earlier.path === formatPath(place))) continue;
    problems.push(findingAt(place, describeError(error, place.at(-1) ?? "")));
    if (problems.length >= egressLimits.policyProblemsMax) break;
  }
  if (problems.length > 0 || !Value.Check(PolicyFile, value)) return err(problems);

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
      problems.push(
        findingAt(["rules", `${index}`], "has path_prefix and pathPrefix; keep path_prefix"),
      );
    }
  });
  const { secrets: entries, ...file } = value;
  const secrets = entries?.map((entry) => (typeof entry === "string" ? { name: entry } : entry));
  const policy: Policy = { ...file, rules, ...(secrets === undefined ? {} : { secrets }) };
  rules.forEach((rule, index) => {
    problems.push(...checkRule(rule, index, policy.local_development === true));
  });
  secrets?.forEach((secret, index) => {
    problems.push(...checkSecret(secret, index, policy));
  });
  if (problems.length > 0) return err(problems.slice(0, egressLimits.policyProblemsMax));
  return ok({
    policy,
    canonical: canonicalJson(policy),
    warnings: [
      ...rules.flatMap((rule, index) => [
        ...warnRule(rule, index, policy),
        ...warnShadow(rules, index),
      ]),
      ...(secrets ?? []).flatMap((secret, index) => warnSecret(secret, index, policy)),
    ],
  });
}

/** The tenants that may use a policy. */
export const tenantsOf = ({ tenants = ["default"] }: Policy): readonly string[] => tenants;

/** The names of the secrets that a policy needs, without duplicates; for a tenant, those that it may use. */
export function secretsOf({ rules, secrets = [] }: Policy, tenant?: string): string[] {
  const injectedSecrets = rules.flatMap((rule) => rule.inject?.secret ?? []);
  const signing = secrets
    .filter(({ tenants }) => tenant === undefined || tenants?.includes(tenant) !== false)
    .map(({ name }) => name);
  return [...new Set([...injectedSecrets, ...signing])];
}

/** Headers that frame or route the message, or that the runtime sets. */
const framingHeaders =
  /^(host|connection|content-length|transfer-encoding|keep-alive|te|trailer|upgrade|expect|set-cookie|forwarded|x-http-method(-override)?|x-method-override|proxy-.*|x-forwarded-.*)$/;

function checkRule(rule: Rule, index: number, localDevelopment: boolean): Finding[] {
  const problems: Finding[] = [];
  const addFinding = (field: string, message: string) =>
    problems.push(findingAt(["rules", `${index}`, ...field.split(".")], message));
  const host = checkHost(rule.host);
  if (!host.ok) addFinding("host", host.error);
  if (rule.inject !== undefined && framingHeaders.test(rule.inject.header)) {
    addFinding(
      "inject.header",
      "frames or routes the message; use the header that carries the credential",
    );
  }
  if (localDevelopment && rule.inject !== undefined && isLoopback(rule.host)) {
    addFinding("inject", "is never sent to loopback; name the host and map it with FLEET_HOSTS");
  }
  return problems;
}

/** A signature with a secret that several tenants may use does not prove which tenant sent the message. */
function checkSecret(
  { name, tenants, hosts }: SigningSecret,
  index: number,
  policy: Policy,
): Finding[] {
  const findingOf = (field: string[], message: string) =>
    findingAt(["secrets", `${index}`, ...field], message);
  const isShared = tenants === undefined && new Set(tenantsOf(policy)).size > 1;
  const advice = `would be shared by every tenant of this policy; write {"name": "${name}", "tenants": [...]} with those that may sign with it`;
  return [
    ...(isShared ? [findingOf([], advice)] : []),
    ...(hosts ?? []).flatMap((host, place) => {
      const checkedHost = checkHost(host);
      return checkedHost.ok ? [] : findingOf(["hosts", `${place}`], checkedHost.error);
    }),
  ];
}

function warnSecret(secret: SigningSecret, index: number, policy: Policy): Finding[] {
  const warnings: Finding[] = [];
  const addFinding = (field: string, message: string) =>
    warnings.push(findingAt(["secrets", `${index}`, field], message));
  if (secret.tenants?.some((tenant) => !tenantsOf(policy).includes(tenant)) === true) {
    addFinding(
      "tenants",
      "lists a tenant that the policy does not allow; add it to the file's tenants",
    );
  }
  for (const field of ["tenants", "hosts"] as const) {
    if (secret[field]?.length === 0)
      addFinding(field, "is empty: nothing is signed with it; remove it");
  }
  return warnings;
}

/** Rules that are valid but cannot do what their author meant. */
function warnRule(rule: Rule, index: number, policy: Policy): Finding[] {
  const warnings: Finding[] = [];
  const addFinding = (field: string, message: string) =>
    warnings.push(findingAt(["rules", `${index}`, field], message));
  const kind = classifyAddress(rule.host);
  const isPermitted = policy.local_development === true && isLoopback(rule.host);
  if ((kind === "reserved" || kind === "loopback" || isLocalName(rule.host)) && !isPermitted) {
    addFinding("host", "is not globally reachable and always denied; use a public host");
  }
  for (const field of ["schemes", "methods"] as const) {
    if (rule[field]?.length === 0)
      addFinding(field, "is empty: the rule matches nothing; leave it out for the default");
  }
  if (rule.path_prefix !== undefined && isDeadPrefix(rule.path_prefix)) {
    addFinding("path_prefix", "matches no path; write it as the URL parser normalises it");
  }
  if (rule.inject !== undefined && rule.schemes?.includes("http") === true) {
    addFinding(
      "schemes",
      "lists http, but credentials are never sent over http: this rule matches only https",
    );
  }
  return warnings;
}

/** The addresses and the name that `local_development` allows in a local run. */
export function isLoopback(host: string): boolean {
  return classifyAddress(host) === "loopback" || host === "localhost";
}

function warnShadow(rules: readonly Rule[], index: number): Finding[] {
  const earlier = coveredBy(rules, index);
  if (earlier === null) return [];
  const message = `never applies: rules[${earlier}] matches everything that it matches; remove it or move it up`;
  return [findingAt(["rules", `${index}`], message)];
}

/** What is wrong with the shape at one place, and what to write instead. */
function describeError({ type, schema }: ValueError, name: string): string {
  switch (type) {
    case ValueErrorType.ObjectAdditionalProperties: {
      const suggestion = nearestName(name.slice(0, 64), Object.keys(Object(schema.properties)));
      return suggestion === null
        ? "is unknown; remove it"
        : `is unknown; did you mean "${suggestion}"? Otherwise remove it`;
    }
    case ValueErrorType.ObjectRequiredProperty:
      return `is missing; ${String(schema.advice)}`;
    default:
      return `is invalid; ${String(schema.advice)}`;
  }
}

const invalid = (message: string): ParseResult => err([findingAt([], message)]);

function findingAt(place: readonly string[], message: string): Finding {
  const rule = place[0] === "rules" && place[1] !== undefined ? Number(place[1]) : null;
  return { rule, path: formatPath(place), message };
}

/** The parts of a JSON pointer as `rules[2].host`. Keys are cut, because they are untrusted. */
function formatPath(place: readonly string[]): string {
  return place
    .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part.slice(0, 64)}`))
    .join("")
    .replace(/^\./, "");
}
