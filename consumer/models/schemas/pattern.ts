/**
 * Patterns of tenants and MCP servers on untrusted text. Never in the runtime's own engine, whose cost can
 * double with each character: a metered engine with the same answers runs first; when it has used its share,
 * RE2 continues, which is linear. RE2 has no look-around and no back-references; such a pattern may use all
 * the work that is left.
 */
import { RE2JS } from "re2js";
import { Meter, OutOfWork } from "./meter.ts";
import { findMetered } from "./metered_pattern.ts";
import { type PatternNode, parsePattern } from "./pattern_parser.ts";

const shareOfMetered = 50_000;
/** What RE2 takes for one instruction and one character, in units of the meter. */
const linearStepWork = 0.5;
/** The work that RE2 needs to compile one instruction. */
const compileWork = 10;
const repeatMax = 1_000;
const linearSizeMax = 20_000;

/** Throws OutOfWork, and an Error for a pattern that the runtime does not accept. */
export class Pattern {
  readonly #node: PatternNode;
  readonly #linearSource: string | null;
  #linear: RE2JS | null = null;

  constructor(pattern: string) {
    new RegExp(pattern, "u");
    this.#node = parsePattern(pattern);
    this.#linearSource = linearSize(this.#node) > linearSizeMax ? null : linearSource(this.#node);
  }

  matches(text: string, meter: Meter): boolean {
    if (this.#linearSource === null) return findMetered(this.#node, text, meter);
    const share = new Meter(Math.min(meter.left, shareOfMetered + 4 * text.length));
    const before = share.left;
    try {
      return findMetered(this.#node, text, share);
    } catch (thrown) {
      if (!(thrown instanceof OutOfWork)) throw thrown;
    } finally {
      meter.spend(before - Math.max(share.left, 0));
    }
    return this.matchesLinear(text, meter) === true;
  }

  /** Null for a pattern that RE2 does not have. */
  matchesLinear(text: string, meter: Meter): boolean | null {
    if (this.#linearSource === null) return null;
    meter.spend(linearSize(this.#node) * (text.length * linearStepWork + compileWork));
    this.#linear ??= RE2JS.compile(this.#linearSource);
    return this.#linear.matcher(text).find();
  }
}

/** The number of RE2's instructions, about. */
function linearSize(node: PatternNode): number {
  if ("parts" in node) return node.parts.reduce((sum, part) => sum + linearSize(part), 1);
  if (node.kind === "repeat") {
    const times = node.max === Infinity ? node.min + 1 : node.max;
    return linearSize(node.part) * Math.max(1, times) + 1;
  }
  return "part" in node ? linearSize(node.part) : 1;
}

function linearSource(node: PatternNode): string | null {
  switch (node.kind) {
    case "set":
      return node.linear;
    case "start":
      return node.multiline ? null : "\\A";
    case "end":
      return node.multiline ? null : "\\z";
    case "boundary":
      return "\\b";
    case "notBoundary":
      return "\\B";
    case "sequence":
    case "choice": {
      const parts = node.parts.map(linearSource);
      if (parts.includes(null)) return null;
      return `(?:${parts.join(node.kind === "choice" ? "|" : "")})`;
    }
    case "repeat": {
      const isLarge = node.min > repeatMax || (node.max !== Infinity && node.max > repeatMax);
      const part = isLarge ? null : linearSource(node.part);
      if (part === null) return null;
      return `(?:${part}){${node.min},${node.max === Infinity ? "" : node.max}}`;
    }
    case "group":
      return linearSource(node.part);
    case "look":
    case "back":
      return null;
  }
}
