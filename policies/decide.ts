/**
 * The decision: a policy and a request in, one decision out. No I/O, no clock, no secrets; the same in a Worker,
 * in Node and on the command line. The caller sends exactly the `url` and `method` of the decision, never the
 * text that it passed in.
 */
import { classifyAddress } from "./address.ts";
import { hostMatches, isLocalName, isName } from "./host.ts";
import { pathMatches } from "./path.ts";
import type { Inject, Limits, Method, Policy, Rule, Scheme } from "./schema.ts";

/** A request as the sandbox sent it: raw URL text, untrusted in every part. */
export interface OutboundRequest {
  url: string;
  method: string;
  headers: readonly (readonly [name: string, value: string])[];
}

/** Why a request is denied. Constants, safe for logs and for a model to read. */
export type DenyReason =
  | "invalid_policy"
  | "bad_url"
  | "scheme"
  | "userinfo"
  | "header"
  | "method"
  | "address"
  | "name"
  | "no_rule";

/** `rule` counts from 0. The `url` of a denial is null when the text is not a URL. */
export type Decision =
  | { action: "deny"; rule: null; reason: DenyReason; url: URL | null }
  | {
      action: "allow";
      rule: number;
      reason: "rule";
      url: URL;
      method: Method;
      route: string | null;
    }
  | {
      action: "inject";
      rule: number;
      reason: "rule";
      url: URL;
      method: Method;
      route: string | null;
      inject: Inject;
    };

/** A policy prepared by `compile`. Callers pass null for an invalid policy. */
export interface CompiledPolicy {
  rules: readonly CompiledRule[];
  /** Every header that a rule injects, in lower case: those of the sandbox are removed. */
  injectedHeaders: readonly string[];
  limits: Limits;
  localDevelopment: boolean;
}

interface CompiledRule {
  host: string;
  schemes: readonly Scheme[];
  port: number | null;
  methods: readonly string[] | null;
  prefix: string | null;
  inject: Inject | null;
  route: string | null;
}

export function compile(policy: Policy): CompiledPolicy {
  return {
    rules: policy.rules.map(compileRule),
    injectedHeaders: [...new Set(policy.rules.flatMap((rule) => rule.inject?.header ?? []))],
    limits: policy.limits ?? {},
    localDevelopment: policy.local_development === true,
  };
}

function compileRule(rule: Rule): CompiledRule {
  const schemes = rule.schemes ?? ["https"];
  return {
    host: rule.host,
    // A credential is never sent unencrypted.
    schemes: rule.inject === undefined ? schemes : schemes.filter((scheme) => scheme === "https"),
    port: rule.port ?? null,
    methods: rule.methods ?? null,
    prefix: rule.path_prefix ?? null,
    inject: rule.inject ?? null,
    route: rule.route ?? null,
  };
}

/** Decides one request, ignoring `local_development`. */
export function decide(policy: CompiledPolicy | null, request: OutboundRequest): Decision {
  return decideWith(policy, request, false);
}

/** The decision of a local run: as `decide`, but a policy with `local_development` may allow loopback hosts. */
export function decideLocally(policy: CompiledPolicy | null, request: OutboundRequest): Decision {
  return decideWith(policy, request, policy?.localDevelopment === true);
}

function decideWith(
  policy: CompiledPolicy | null,
  request: OutboundRequest,
  allowLoopback: boolean,
): Decision {
  const url = parseUrl(request.url);
  const deny = (reason: DenyReason): Decision => ({ action: "deny", rule: null, reason, url });
  if (policy === null) return deny("invalid_policy");
  if (url === null) return deny("bad_url");
  const scheme = schemeOf(url);
  if (scheme === null) return deny("scheme");
  if (url.username !== "" || url.password !== "") return deny("userinfo");
  if (!areHeadersValid(request.headers, url.host)) return deny("header");
  const method = normaliseMethod(request.method);
  if (method === null) return deny("method");

  const kind = classifyAddress(url.hostname);
  const isAllowedLoopback = allowLoopback && (kind === "loopback" || url.hostname === "localhost");
  if (!isAllowedLoopback) {
    if (kind === "loopback" || kind === "reserved") return deny("address");
    if (kind === "name" && (!isName(url.hostname) || isLocalName(url.hostname)))
      return deny("name");
  }

  const port = url.port === "" ? defaultPort[scheme] : Number(url.port);
  const index = policy.rules.findIndex(
    (rule) =>
      hostMatches(rule.host, url.hostname) &&
      rule.schemes.includes(scheme) &&
      port === (rule.port ?? defaultPort[scheme]) &&
      (rule.methods === null || rule.methods.includes(method)) &&
      (rule.prefix === null || pathMatches(rule.prefix, url.pathname)),
  );
  const rule = policy.rules[index];
  if (rule === undefined) return deny("no_rule");
  const match = { rule: index, reason: "rule", url, method, route: rule.route } as const;
  return rule.inject === null
    ? { action: "allow", ...match }
    : { action: "inject", ...match, inject: rule.inject };
}

const defaultPort = { http: 80, https: 443 } as const;

function parseUrl(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

function schemeOf(url: URL): Scheme | null {
  if (url.protocol === "https:") return "https";
  return url.protocol === "http:" ? "http" : null;
}

const lineBreakers = ["\0", "\r", "\n"];
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Headers that make an upstream use a method or protocol that was not decided. */
const deniedHeaders = new Set([
  "x-http-method-override",
  "x-http-method",
  "x-method-override",
  "upgrade",
]);

function areHeadersValid(headers: OutboundRequest["headers"], host: string): boolean {
  return headers.every(([name, value]) => {
    if (!token.test(name) || lineBreakers.some((char) => value.includes(char))) return false;
    const lower = name.toLowerCase();
    return !deniedHeaders.has(lower) && (lower !== "host" || isHost(value, host));
  });
}

/** Only ASCII is accepted: the lower case of the Kelvin sign would be `k`. */
function isHost(value: string, host: string): boolean {
  return /^[!-~]+$/.test(value) && value.toLowerCase() === host;
}

/** The method in upper case, or null. Only ASCII is accepted: `toUpperCase` turns `poſt` into `POST`. */
function normaliseMethod(method: string): Method | null {
  if (!/^[A-Za-z]+$/.test(method)) return null;
  switch (method.toUpperCase()) {
    case "GET":
      return "GET";
    case "HEAD":
      return "HEAD";
    case "POST":
      return "POST";
    case "PUT":
      return "PUT";
    case "PATCH":
      return "PATCH";
    case "DELETE":
      return "DELETE";
    case "OPTIONS":
      return "OPTIONS";
    default:
      return null;
  }
}
