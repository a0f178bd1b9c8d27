import { modelLimits } from "./limits.ts";

/**
 * Why a pattern of a user's schema may not be used, or null. It must compile as JSON
 * Schema reads it (Unicode), and no unbounded repetition may stand inside another: such a
 * pattern takes exponential time on a hostile string, and the string comes from a model.
 */
export function patternFault(pattern: string): string | null {
  if (pattern.length > modelLimits.patternCharsMax) {
    return `must be at most ${modelLimits.patternCharsMax} characters`;
  }
  try {
    new RegExp(pattern, "u");
  } catch (thrown) {
    return `must be a regular expression: ${thrown instanceof Error ? thrown.message : "invalid"}`;
  }
  return repeatsNest(pattern)
    ? "must not repeat a group that repeats without bound inside, such as (a+)+"
    : null;
}

const unbounded = /^(?:[*+]|\{\d+,\})/;

function repeatsNest(pattern: string): boolean {
  // One entry for each open group: whether it holds an unbounded repetition.
  const open: boolean[] = [false];
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern.charAt(at);
    if (char === "\\") at += 1;
    else if (char === "[") at = classEnd(pattern, at);
    else if (char === "(") open.push(false);
    else if (char === ")") {
      const inside = open.pop() ?? false;
      const repeated = unbounded.test(pattern.slice(at + 1));
      if (inside && repeated) return true;
      if (inside || repeated) open[open.length - 1] = true;
    } else if (unbounded.test(pattern.slice(at))) open[open.length - 1] = true;
  }
  return false;
}

function classEnd(pattern: string, from: number): number {
  for (let at = from + 1; at < pattern.length; at += 1) {
    const char = pattern.charAt(at);
    if (char === "\\") at += 1;
    else if (char === "]") return at;
  }
  return pattern.length;
}
