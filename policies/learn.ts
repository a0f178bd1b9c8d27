/**
 * Proposes rules from denials: the smallest rules that would have allowed what no rule matched. Pure; a person
 * reviews the file. A proposal is never wider than an exact host, the requested methods and the common prefix of
 * the paths, and never http.
 */
import { egressLimits } from "../shared/limits.ts";
import { err, ok, type Result } from "../shared/result.ts";
import { compile, decide } from "./decide.ts";
import { pathMatches } from "./path.ts";
import { type Method, methods, type Rule } from "./schema.ts";

/** A denied request from the egress log: query values masked, long URLs cut. */
export interface DeniedRequest {
  url: string;
  method: string;
  reason: string;
}

export interface Proposal {
  rules: Rule[];
  /** How many of the denied requests each rule would have allowed, in the order of `rules`. */
  requests: number[];
  /** Requests without a proposed rule, grouped. */
  skipped: SkippedRequest[];
}

export interface SkippedRequest {
  method: string;
  /** The URL without its query; the raw text when it is not a URL. */
  url: string;
  reason: string;
  cause: string;
  requests: number;
}

/** A request that a rule can allow. */
interface MissingRequest {
  host: string;
  port: number | null;
  method: Method;
  path: string;
  /** Scheme, host and path, for the decision. */
  url: string;
}

export function proposeRules(deniedRequests: readonly DeniedRequest[]): Proposal {
  const missing: MissingRequest[] = [];
  const skippedByKey = new Map<string, SkippedRequest>();
  const skip = ({ method, reason, ...request }: DeniedRequest, cause: string) => {
    const url = request.url.split(/[?#]/)[0] ?? "";
    const key = JSON.stringify([method, url, reason, cause]);
    const previous = skippedByKey.get(key);
    if (previous !== undefined) previous.requests += 1;
    else skippedByKey.set(key, { method, url, reason, cause, requests: 1 });
  };
  for (const request of deniedRequests) {
    const read = readDenied(request);
    if (read.ok) missing.push(read.value);
    else skip(request, read.error);
  }
  const proposedRules = rulesFor(missing).sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  const rules = proposedRules.slice(0, egressLimits.rulesMax);
  const requests = rules.map(() => 0);
  const table = compile({ rules });
  for (const { url, method } of missing) {
    const { rule } = decide(table, { url, method, headers: [] });
    if (rule !== null) requests[rule] = (requests[rule] ?? 0) + 1;
    else skip({ url, method, reason: "no_rule" }, `needs more than ${egressLimits.rulesMax} rules`);
  }
  return { rules, requests, skipped: [...skippedByKey.values()] };
}

const sortKey = ({ host, port, path_prefix }: Rule): string =>
  `${host} ${port ?? ""} ${path_prefix}`;

/** The request that a rule would have to allow, or why no rule is proposed. */
function readDenied(request: DeniedRequest): Result<MissingRequest, string> {
  if (request.reason !== "no_rule") return err(explainReason(request.reason));
  const url = URL.parse(request.url);
  const method = methods.find((candidate) => candidate === request.method.toUpperCase());
  if (url === null || method === undefined) return err("is not a request that a rule could allow");
  if (url.protocol !== "https:") return err("is not https; write a rule by hand if you need it");
  if (request.url.length >= egressLimits.loggedUrlCharsMax) return err("was cut in the log");
  if (request.url.includes("[redacted]")) {
    return err("contains a secret's value, which the log masks");
  }
  if (!pathMatches("/", url.pathname)) {
    return err("has an ambiguous path, which no rule with a prefix matches");
  }
  const port = url.port === "" ? null : Number(url.port);
  const urlText = `https://${url.host}${url.pathname}`;
  const widest = { rules: [{ host: url.hostname, ...(port === null ? {} : { port }) }] };
  const decision = decide(compile(widest), { url: urlText, method, headers: [] });
  if (decision.action === "deny") return err(explainReason(decision.reason));
  return ok({ host: url.hostname, port, method, path: url.pathname, url: urlText });
}

function explainReason(reason: string): string {
  switch (reason) {
    case "address":
      return "is a private or reserved address, which is denied even if a rule lists it";
    case "name":
      return "is a local or malformed name, which is denied even if a rule lists it";
    case "scheme":
      return "has a scheme that is never allowed";
    case "userinfo":
      return "contains a user name or a password, which is never allowed";
    case "missing_secret":
      return "has a rule already; set the secret that the rule injects";
    case "missing_route":
      return "has a rule already; bind the service that the rule names";
    default:
      return "was denied for a reason that no rule changes";
  }
}

/** Prefixes are found for each method; methods with the same prefix share one rule. */
function rulesFor(missing: readonly MissingRequest[]): Rule[] {
  const rules = new Map<string, Rule & { methods: Method[] }>();
  const origins = Map.groupBy(missing, ({ host, port, method }) =>
    JSON.stringify([host, port, method]),
  );
  for (const group of origins.values()) {
    const [first] = group;
    if (first === undefined) continue;
    const { host, port, method } = first;
    for (const path_prefix of prefixesOf([...new Set(group.map(({ path }) => path))])) {
      const key = JSON.stringify([host, port, path_prefix]);
      const previous = rules.get(key);
      if (previous !== undefined) previous.methods.push(method);
      else {
        const portField = port === null ? {} : { port };
        rules.set(key, { host, ...portField, methods: [method], path_prefix });
      }
    }
  }
  return [...rules.values()].map((rule) => ({
    ...rule,
    methods: methods.filter((method) => rule.methods.includes(method)),
  }));
}

/**
 * The longest common prefix. If paths share nothing, each first segment gets its own prefix, because `/` would
 * allow the whole host. Only a host with many first segments gets `/`.
 */
function prefixesOf(paths: readonly string[]): string[] {
  const common = commonPrefix(paths);
  if (common !== "/" || paths.includes("/")) return [common];
  const byFirstSegment = Map.groupBy(paths, (path) => path.split("/")[1] ?? "");
  if (byFirstSegment.size > egressLimits.learnedPrefixesMax) return [common];
  return [...byFirstSegment.values()].map(commonPrefix);
}

/** The longest valid prefix of all paths. */
function commonPrefix(paths: readonly string[]): string {
  let prefix = paths[0] ?? "/";
  while (!paths.every((path) => pathMatches(prefix, path))) {
    prefix =
      prefix.endsWith("/") && prefix !== "/"
        ? prefix.slice(0, -1)
        : prefix.slice(0, prefix.lastIndexOf("/") + 1);
  }
  return prefix;
}
