/**
 * A policy as regular expressions over URLs, for a browser: it follows redirects and loads subresources itself,
 * so the allowed URLs must be known beforehand. No expression matches a URL that the decision would deny; some
 * allowed URLs with unusual spelling are left out. The expressions use only groups, classes and `*`, which every
 * engine supports.
 */
import type { CompiledPolicy } from "./decide.ts";
import { hostMatches } from "./host.ts";

/** A percent-encoded byte other than `/ \ . %` and NUL, as in `pathMatches`. */
const escaped = "%(?:0[1-9A-Fa-f]|2[0-46-9A-Da-d]|5[0-9ABabD-Fd-f]|[1346-9A-Fa-f][0-9A-Fa-f])";
const letter = `(?:[^%/?#]|${escaped})`;
/** One path segment that does not start like `..`. */
const segment = `(?:(?:[^%/?#.]|${escaped}|\\.[A-Za-z0-9_-])${letter}*)`;
const end = "(?:[?#]|$)";

/**
 * The URLs of the same origin that the policy allows to GET without a credential or a binding. Empty when there
 * are none: a caller must not treat an empty list as "everything".
 */
export function urlPatterns(policy: CompiledPolicy | null, url: URL): string[] {
  const scheme = url.protocol === "https:" ? "https" : "http";
  const port = url.port === "" ? { https: 443, http: 80 }[scheme] : Number(url.port);
  const rules = (policy?.rules ?? []).filter(
    (rule) =>
      hostMatches(rule.host, url.hostname) &&
      rule.schemes.includes(scheme) &&
      port === (rule.port ?? { https: 443, http: 80 }[scheme]) &&
      (rule.methods === null || rule.methods.includes("GET")) &&
      rule.inject === null &&
      rule.route === null,
  );
  const origin = escapeLiteral(url.origin);
  return [...new Set(rules.map(({ prefix }) => `^${origin}${belowPrefix(prefix)}`))];
}

function belowPrefix(prefix: string | null): string {
  if (prefix === null) return "/";
  return prefix.endsWith("/")
    ? `${escapeLiteral(prefix)}(?:${segment}(?:/${segment})*/?)?${end}`
    : `${escapeLiteral(prefix)}(?:/${segment})*/?${end}`;
}

const escapeLiteral = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
