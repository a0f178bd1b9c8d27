/**
 * Proposes rules from denials: the smallest that would have permitted what was denied for want of a
 * rule. Values in, values out; a person reads the file and decides. A proposal is never wider than
 * an exact host, the methods that were asked and the paths' common prefix, and never http.
 */
import { egressLimits } from "../shared/limits.ts";
import { compile, decide } from "./decide.ts";
import { pathMatches } from "./path.ts";
import { type Method, methods, type Rule } from "./schema.ts";

/** A denied request as the egress log keeps it: query values masked, long URLs cut. */
export interface Denied {
  url: string;
  method: string;
  reason: string;
}

export interface Lesson {
  rules: Rule[];
  /** How many of the denied requests each rule would have permitted, in the order of `rules`. */
  requests: number[];
  /** What no rule is proposed for, each kind once. */
  passedOver: PassedOver[];
}

export interface PassedOver {
  method: string;
  /** The URL without its query, or its text where it is none. */
  url: string;
  reason: string;
  because: string;
  requests: number;
}

/** One request that a rule can permit. */
interface Wanted {
  host: string;
  port: number | null;
  method: Method;
  path: string;
  /** As a request to be decided: its path is all that matters of the rest. */
  url: string;
}

export function learn(denied: readonly Denied[]): Lesson {
  const wanted: Wanted[] = [];
  const passedOver = new Map<string, PassedOver>();
  const pass = (one: Denied, because: string) => {
    const url = one.url.split(/[?#]/)[0] ?? "";
    const key = JSON.stringify([one.method, url, one.reason, because]);
    const known = passedOver.get(key);
    if (known !== undefined) known.requests += 1;
    else passedOver.set(key, { method: one.method, url, reason: one.reason, because, requests: 1 });
  };
  for (const one of denied) {
    const read = readDenied(one);
    if (typeof read === "string") pass(one, read);
    else wanted.push(read);
  }
  const proposed = rulesFor(wanted).sort((a, b) => (place(a) < place(b) ? -1 : 1));
  const rules = proposed.slice(0, egressLimits.rulesMax);
  const requests = rules.map(() => 0);
  const table = compile({ rules });
  for (const { url, method } of wanted) {
    const { rule } = decide(table, { url, method, headers: [] });
    if (rule !== null) requests[rule] = (requests[rule] ?? 0) + 1;
    else pass({ url, method, reason: "no_rule" }, `needs more than ${egressLimits.rulesMax} rules`);
  }
  return { rules, requests, passedOver: [...passedOver.values()] };
}

const place = ({ host, port, path_prefix }: Rule): string => `${host} ${port ?? ""} ${path_prefix}`;

/** What a rule would have to permit, or why none is proposed. */
function readDenied({ url: text, method: asked, reason }: Denied): Wanted | string {
  if (reason !== "no_rule") return notForWantOfARule(reason);
  const url = URL.parse(text);
  const method = methods.find((known) => known === asked.toUpperCase());
  if (url === null || method === undefined) return "is not a request that a rule could permit";
  if (url.protocol !== "https:") return "is not https; write a rule by hand if it must be";
  if (text.length >= egressLimits.loggedUrlCharsMax) return "was cut in the log";
  if (text.includes("[redacted]")) return "holds a secret's value, which the log masks";
  if (!pathMatches("/", url.pathname)) {
    return "has a path that can be read in two ways, which no rule with a prefix matches";
  }
  const port = url.port === "" ? null : Number(url.port);
  const plain = `https://${url.host}${url.pathname}`;
  const everything = { rules: [{ host: url.hostname, ...(port === null ? {} : { port }) }] };
  const possible = decide(compile(everything), { url: plain, method, headers: [] });
  if (possible.action === "deny") return notForWantOfARule(possible.reason);
  return { host: url.hostname, port, method, path: url.pathname, url: plain };
}

function notForWantOfARule(reason: string): string {
  switch (reason) {
    case "address":
      return "is a private or reserved address, which is denied even if a rule lists it";
    case "name":
      return "is a local or malformed name, which is denied even if a rule lists it";
    case "scheme":
      return "has a scheme that is never permitted";
    case "userinfo":
      return "holds a user name or a password, which is never permitted";
    case "missing_secret":
      return "has its rule; set the secret that the rule injects";
    case "missing_route":
      return "has its rule; bind the service that the rule names";
    default:
      return "was not denied for want of a rule";
  }
}

/** Each method has prefixes of its own; those that share one stand in one rule. */
function rulesFor(wanted: readonly Wanted[]): Rule[] {
  const rules = new Map<string, Rule & { methods: Method[] }>();
  const origins = Map.groupBy(wanted, ({ host, port, method }) =>
    JSON.stringify([host, port, method]),
  );
  for (const group of origins.values()) {
    const [first] = group;
    if (first === undefined) continue;
    const { host, port, method } = first;
    for (const path_prefix of prefixesOf([...new Set(group.map(({ path }) => path))])) {
      const key = JSON.stringify([host, port, path_prefix]);
      const known = rules.get(key);
      if (known !== undefined) known.methods.push(method);
      else {
        const at = port === null ? {} : { port };
        rules.set(key, { host, ...at, methods: [method], path_prefix });
      }
    }
  }
  return [...rules.values()].map((rule) => ({
    ...rule,
    methods: methods.filter((method) => rule.methods.includes(method)),
  }));
}

/**
 * The longest common prefix. Where paths share nothing, each first segment gets a prefix of its own,
 * because `/` alone opens the whole host; only a host that was asked for many of them is opened so.
 */
function prefixesOf(paths: readonly string[]): string[] {
  const common = commonPrefix(paths);
  if (common !== "/" || paths.includes("/")) return [common];
  const first = Map.groupBy(paths, (path) => path.split("/")[1] ?? "");
  if (first.size > egressLimits.learntPrefixesMax) return [common];
  return [...first.values()].map(commonPrefix);
}

/** The longest prefix that a rule may have and that every path lies below. */
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
