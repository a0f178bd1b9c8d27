/**
 * A policy as regular expressions of URLs, for a browser: it follows redirects and loads what a page names
 * by itself, so it can only be told beforehand where it may go. No expression matches a URL that the
 * decision would deny; some that it would permit are left out, because their spelling is unusual.
 * The expressions use nothing but groups, classes and `*`, whatever engine reads them.
 */
import type { CompiledPolicy } from "./decide.ts";
import { hostMatches } from "./host.ts";

/** A percent sign with two digits that stand for none of `/ \ . %` and NUL, as `pathMatches` has it. */
const escaped = "%(?:0[1-9A-Fa-f]|2[0-46-9A-Da-d]|5[0-9ABabD-Fd-f]|[1346-9A-Fa-f][0-9A-Fa-f])";
const letter = `(?:[^%/?#]|${escaped})`;
/** One segment of a path: it does not begin like a step back. */
const segment = `(?:(?:[^%/?#.]|${escaped}|\\.[A-Za-z0-9_-])${letter}*)`;
const end = "(?:[?#]|$)";

/**
 * What of a URL's own origin the policy permits to GET without a credential and without a binding. Empty
 * where that is nothing: whoever takes an empty list for "everything" must not ask.
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
  const origin = literally(url.origin);
  return [...new Set(rules.map(({ prefix }) => `^${origin}${below(prefix)}`))];
}

function below(prefix: string | null): string {
  if (prefix === null) return "/";
  return prefix.endsWith("/")
    ? `${literally(prefix)}(?:${segment}(?:/${segment})*/?)?${end}`
    : `${literally(prefix)}(?:/${segment})*/?${end}`;
}

const literally = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
