/** Rules that never apply, because an earlier rule matches everything that they match. */
import { hostMatches } from "./host.ts";
import { pathMatches } from "./path.ts";
import type { Rule, Scheme } from "./schema.ts";

/** The first earlier rule that covers this one, or null. The first rule that matches decides. */
export function coveredBy(rules: readonly Rule[], index: number): number | null {
  const later = rules[index];
  if (later === undefined || originsOf(later).length === 0 || later.methods?.length === 0)
    return null;
  const earlierIndex = rules.findIndex(
    (earlier, position) => position < index && covers(earlier, later),
  );
  return earlierIndex === -1 ? null : earlierIndex;
}

function covers(earlier: Rule, later: Rule): boolean {
  const reachedOrigins = originsOf(earlier);
  return (
    hostCovers(earlier.host, later.host) &&
    originsOf(later).every((reach) => reachedOrigins.includes(reach)) &&
    (earlier.methods === undefined ||
      later.methods?.every((method) => earlier.methods?.includes(method)) === true) &&
    // A rule without a prefix also matches paths that no prefix matches.
    (earlier.path_prefix === undefined ||
      (later.path_prefix !== undefined && pathMatches(earlier.path_prefix, later.path_prefix)))
  );
}

function hostCovers(earlier: string, later: string): boolean {
  if (earlier === later) return true;
  return later.startsWith("*.")
    ? earlier.startsWith("*.") && later.endsWith(earlier.slice(1))
    : hostMatches(earlier, later);
}

const defaultPort: Record<Scheme, number> = { http: 80, https: 443 };

/** Scheme and port together, such as `https 443`: a default port belongs to only one scheme. */
function originsOf({ schemes = ["https"], port, inject }: Rule): string[] {
  return schemes
    .filter((scheme) => inject === undefined || scheme === "https")
    .map((scheme) => `${scheme} ${port ?? defaultPort[scheme]}`);
}
