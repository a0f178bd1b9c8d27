/**
 * Path prefixes of rules, compared with `URL.pathname`, in which the parser has already resolved `.` and `..`
 * segments (also percent-encoded) and replaced `\` with `/`.
 */

/** Sequences that an upstream may decode again into a different path. */
const ambiguous = new RegExp(
  [
    "%2f|%5c|%2e|%25|%00|//",
    // Dots before a parameter or a space, which some servers cut off.
    "/\\.\\.?(?:;|%3b|%20|%09|%0[ad])",
    // Overlong UTF-8, escapes of other systems, and full-width signs, which some servers fold.
    "%c[01]|%e0%[89]|%f0%8|%u[0-9a-f]{4}|%ef%bc%(?:8e|8f|bc)",
  ].join("|"),
  "i",
);

/** Whether a pathname is below a prefix, on a segment boundary and case-sensitive. */
export function pathMatches(prefix: string, pathname: string): boolean {
  if (ambiguous.test(pathname)) return false;
  if (pathname === prefix) return true;
  if (!pathname.startsWith(prefix)) return false;
  return prefix.endsWith("/") || pathname[prefix.length] === "/";
}

/** Whether no pathname can ever match: the prefix is not as the parser normalises it. */
export function isDeadPrefix(prefix: string): boolean {
  try {
    return new URL(`http://x${prefix}`).pathname !== prefix || ambiguous.test(prefix);
  } catch {
    return true;
  }
}
