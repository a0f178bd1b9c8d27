import { modelLimits } from "../limits.ts";
import { err, ok, type Result } from "../result.ts";

/**
 * Whether a pattern of a user's schema is safe, or what it must be. It must compile as JSON Schema reads it
 * (Unicode), and an unbounded repetition must not contain another: such a pattern takes exponential time on
 * a hostile string, and the string comes from a model.
 */
export function checkPattern(pattern: unknown): Result<null, string> {
  if (typeof pattern !== "string") return err("must be a string");
  if (pattern.length > modelLimits.patternCharsMax) {
    return err(`must have at most ${modelLimits.patternCharsMax} characters`);
  }
  try {
    new RegExp(pattern, "u");
  } catch (error) {
    const reason = error instanceof Error ? error.message : "invalid";
    return err(`must be a regular expression: ${reason}`);
  }
  return hasNestedRepetition(pattern)
    ? err("must not repeat a group that contains an unbounded repetition, such as (a+)+")
    : ok(null);
}

const unbounded = /^(?:[*+]|\{\d+,\})/;

function hasNestedRepetition(pattern: string): boolean {
  // One entry per open group: whether it contains an unbounded repetition.
  const open: boolean[] = [false];
  for (let position = 0; position < pattern.length; position += 1) {
    const char = pattern.charAt(position);
    if (char === "\\") position += 1;
    else if (char === "[") position = classEnd(pattern, position);
    else if (char === "(") open.push(false);
    else if (char === ")") {
      const inside = open.pop() ?? false;
      const isRepeated = unbounded.test(pattern.slice(position + 1));
      if (inside && isRepeated) return true;
      if (inside || isRepeated) open[open.length - 1] = true;
    } else if (unbounded.test(pattern.slice(position))) open[open.length - 1] = true;
  }
  return false;
}

function classEnd(pattern: string, from: number): number {
  for (let position = from + 1; position < pattern.length; position += 1) {
    const char = pattern.charAt(position);
    if (char === "\\") position += 1;
    else if (char === "]") return position;
  }
  return pattern.length;
}
