/**
 * Host patterns of rules: an exact name, `*.suffix`, or a canonical IP literal. A pattern is valid only as the
 * URL parser normalises it, so that matching is string equality and two parsers can never disagree.
 */
import { err, ok, type Result } from "../shared/result.ts";
import { classifyAddress } from "./address.ts";

const label = /^[a-z0-9_-]{1,63}$/;

/** Whether every label has 1 to 63 characters of `[a-z0-9_-]`: no trailing dot, no empty label. */
export function isName(hostname: string): boolean {
  return hostname.split(".").every((part) => label.test(part));
}

/** `localhost` and everything below it, which resolvers map to loopback. */
export function isLocalName(hostname: string): boolean {
  return hostname === "localhost" || hostname.endsWith(".localhost");
}

/** The host as the URL parser normalises it; null when the text is not only a host. */
function canonicalHost(host: string): string | null {
  try {
    return new URL(`http://${host}/`).hostname;
  } catch {
    return null;
  }
}

/** Whether a pattern is valid; the error says what is wrong and how to fix it. */
export function checkHost(pattern: string): Result<void, string> {
  if (pattern.includes("://"))
    return err("is a URL; write only the host, and the scheme in schemes");
  if (pattern.includes("/")) {
    return err("contains a path; write only the host, and the path in path_prefix");
  }
  if (pattern.includes("*")) return checkWildcard(pattern);
  const canonical = canonicalHost(pattern);
  if (canonical === null) return err("is not a host; write a name such as api.example.com");
  if (canonical === pattern) {
    if (classifyAddress(canonical) !== "name" || isName(canonical)) return ok(undefined);
    return err("has an empty label, a trailing dot or a character outside a-z 0-9 _ -; remove it");
  }
  if (/:\d*$/.test(pattern)) {
    return err(`contains a port; write ${canonical}, and the number in port`);
  }
  return err(`is not in canonical form; write ${canonical}`);
}

function checkWildcard(pattern: string): Result<void, string> {
  const suffix = pattern.slice(2);
  if (!pattern.startsWith("*.") || suffix.includes("*")) {
    return err("has a wildcard that is not the first label; write *.example.com");
  }
  if (!suffix.includes(".")) {
    return err("covers a whole top-level domain; write at least two labels after *.");
  }
  if (!isName(suffix)) {
    return err("has a label outside a-z 0-9 _ - after *.; write it in lower case");
  }
  if (/\.\d+$/.test(suffix)) return err("ends in a number; wildcards never cover addresses");
  if (canonicalHost(suffix) !== suffix) return err("is not in canonical form after *.");
  return ok(undefined);
}

/** Whether a valid pattern matches a name or an address; `*.` matches one or more labels, never an address. */
export function hostMatches(pattern: string, hostname: string): boolean {
  if (!pattern.startsWith("*.")) return pattern === hostname;
  return hostname.endsWith(pattern.slice(1));
}
