/**
 * Host patterns of rules: an exact name, `*.suffix`, or a canonical IP literal.
 * A pattern is valid only in the spelling that the URL parser itself would give it, so
 * that matching is string equality and two parsers can never disagree.
 */
import { classifyAddress } from "./address.ts";

const label = /^[a-z0-9_-]{1,63}$/;

/** Whether every label has 1 to 63 characters of `[a-z0-9_-]`: no trailing dot, no empty label. */
export function isName(hostname: string): boolean {
  return hostname.split(".").every((part) => label.test(part));
}

/** `localhost` and everything below it; resolvers send all of them to loopback. */
export function isLocalName(hostname: string): boolean {
  return hostname === "localhost" || hostname.endsWith(".localhost");
}

/** The host as the URL parser spells it, or null where it is not a host alone. */
function canonicalHost(host: string): string | null {
  try {
    return new URL(`http://${host}/`).hostname;
  } catch {
    return null;
  }
}

/** Null for a valid pattern, else what is wrong and how to mend it. */
export function hostProblem(pattern: string): string | null {
  if (pattern.includes("://")) return "is a URL; write the host alone and the scheme in schemes";
  if (pattern.includes("/"))
    return "holds a path; write the host alone and the path in path_prefix";
  if (pattern.includes("*")) return wildcardProblem(pattern);
  const canonical = canonicalHost(pattern);
  if (canonical === null) return "is not a host; write a name such as api.example.com";
  if (canonical === pattern) {
    if (classifyAddress(canonical) !== "name" || isName(canonical)) return null;
    return "has an empty label, a trailing dot or a character outside a-z 0-9 _ -; remove it";
  }
  if (/:\d*$/.test(pattern)) {
    return `holds a port; write ${canonical} and the number in port`;
  }
  return `is not in canonical form; write ${canonical}`;
}

function wildcardProblem(pattern: string): string | null {
  const suffix = pattern.slice(2);
  if (!pattern.startsWith("*.") || suffix.includes("*")) {
    return "has a wildcard elsewhere than in front; write *.example.com";
  }
  if (!suffix.includes("."))
    return "covers a whole top-level domain; name at least two labels after *.";
  if (!isName(suffix)) return "has a label outside a-z 0-9 _ - after *.; write it in lower case";
  if (/\.\d+$/.test(suffix)) return "ends in a number; wildcards never cover addresses";
  return canonicalHost(suffix) === suffix ? null : "is not in canonical form after *.";
}

/** Whether a valid pattern covers a hostname that `isName` accepts or an address; `*.` stands for at least one label, never for an address. */
export function hostMatches(pattern: string, hostname: string): boolean {
  if (!pattern.startsWith("*.")) return pattern === hostname;
  return hostname.endsWith(pattern.slice(1));
}
