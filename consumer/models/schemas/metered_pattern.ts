/** Runs a parsed pattern as the runtime would, by backtracking, and counts each step. */
import { type Meter, OutOfWork } from "./meter.ts";
import type { PatternNode } from "./pattern_parser.ts";

type Next = (at: number) => boolean;
type Span = readonly [start: number, end: number];
type Repeat = Extract<PatternNode, { kind: "repeat" }>;

/** Deeper recursion could overflow the stack. */
const depthMax = 1_500;

/** Whether the pattern matches somewhere in the text. Throws OutOfWork. */
export function findMetered(pattern: PatternNode, text: string, meter: Meter): boolean {
  meter.spend(text.length / 4);
  const run = new MeteredRun(Array.from(text), meter);
  const last = startsAtStart(pattern) ? 0 : run.chars.length;
  try {
    for (let at = 0; at <= last; at += 1) {
      if (run.match(pattern, at, true, () => true)) return true;
    }
    return false;
  } catch (thrown) {
    // The stack of the caller may already be deep.
    throw thrown instanceof RangeError ? new OutOfWork() : thrown;
  }
}

function startsAtStart(node: PatternNode): boolean {
  if (node.kind === "start") return !node.multiline;
  const [first] = node.kind === "sequence" ? node.parts : [];
  return first !== undefined && startsAtStart(first);
}

class MeteredRun {
  #depth = 0;
  #spans: (Span | undefined)[] = [];

  readonly chars: readonly string[];
  readonly meter: Meter;

  constructor(chars: readonly string[], meter: Meter) {
    this.chars = chars;
    this.meter = meter;
  }

  /** `ahead` is false inside a look-behind, which matches from its end to its start. */
  match(node: PatternNode, at: number, ahead: boolean, next: Next): boolean {
    this.meter.spend(1);
    this.#depth += 1;
    if (this.#depth > depthMax) throw new OutOfWork();
    try {
      return this.#matchNode(node, at, ahead, next);
    } finally {
      this.#depth -= 1;
    }
  }

  #matchNode(node: PatternNode, at: number, ahead: boolean, next: Next): boolean {
    switch (node.kind) {
      case "set":
        return this.#isIn(node, at, ahead) && next(ahead ? at + 1 : at - 1);
      case "start":
        return (at === 0 || (node.multiline && isLineEnd(this.chars[at - 1]))) && next(at);
      case "end": {
        const isEnd = at === this.chars.length;
        return (isEnd || (node.multiline && isLineEnd(this.chars[at]))) && next(at);
      }
      case "boundary":
      case "notBoundary": {
        const isBoundary = isWord(this.chars[at - 1]) !== isWord(this.chars[at]);
        return isBoundary === (node.kind === "boundary") && next(at);
      }
      case "sequence":
        return this.#matchParts(ahead ? node.parts : node.parts.toReversed(), 0, at, ahead, next);
      case "choice":
        return node.parts.some((part) => this.match(part, at, ahead, next));
      case "repeat":
        return node.part.kind === "set"
          ? this.#repeatSet(node, at, ahead, next)
          : this.#repeat(node, 0, at, ahead, next);
      case "group":
        return this.match(node.part, at, ahead, (end) =>
          this.#withSpan(node.index, ahead ? [at, end] : [end, at], () => next(end)),
        );
      case "look":
        return this.#look(node, at, next);
      case "back":
        return this.#matchBack(node, at, ahead, next);
    }
  }

  #isIn(set: PatternNode, at: number, ahead: boolean): boolean {
    const char = this.chars[ahead ? at : at - 1];
    return char !== undefined && set.kind === "set" && set.native.test(char);
  }

  #matchParts(
    parts: readonly PatternNode[],
    index: number,
    at: number,
    ahead: boolean,
    next: Next,
  ): boolean {
    const part = parts[index];
    if (part === undefined) return next(at);
    return this.match(part, at, ahead, (end) =>
      this.#matchParts(parts, index + 1, end, ahead, next),
    );
  }

  /** One character repeated needs no recursion. */
  #repeatSet({ part, min, max, lazy }: Repeat, at: number, ahead: boolean, next: Next): boolean {
    const step = ahead ? 1 : -1;
    let count = 0;
    const take = (): boolean => {
      this.meter.spend(1);
      if (count >= max || !this.#isIn(part, at + count * step, ahead)) return false;
      count += 1;
      return true;
    };
    while (count < min) if (!take()) return false;
    if (lazy) {
      while (!next(at + count * step)) if (!take()) return false;
      return true;
    }
    while (take());
    for (; count >= min; count -= 1) {
      this.meter.spend(1);
      if (next(at + count * step)) return true;
    }
    return false;
  }

  #repeat(node: Repeat, count: number, at: number, ahead: boolean, next: Next): boolean {
    const { part, min, max, lazy } = node;
    const more = (): boolean => {
      if (count >= max) return false;
      const spans = this.#spans;
      this.#spans = withoutGroups(part, spans);
      const found = this.match(part, at, ahead, (end) => {
        const isEmpty = end === at && count >= min;
        return !isEmpty && this.#repeat(node, count + 1, end, ahead, next);
      });
      if (!found) this.#spans = spans;
      return found;
    };
    if (count < min) return more();
    return lazy ? next(at) || more() : more() || next(at);
  }

  #withSpan(index: number, span: Span, next: () => boolean): boolean {
    const spans = this.#spans;
    this.#spans = spans.slice();
    this.#spans[index] = span;
    const found = next();
    if (!found) this.#spans = spans;
    return found;
  }

  #look(node: Extract<PatternNode, { kind: "look" }>, at: number, next: Next): boolean {
    const spans = this.#spans;
    const found = this.match(node.part, at, !node.behind, () => true);
    if (node.negative || !found) this.#spans = spans;
    if (found !== node.negative && next(at)) return true;
    this.#spans = spans;
    return false;
  }

  #matchBack(
    node: Extract<PatternNode, { kind: "back" }>,
    at: number,
    ahead: boolean,
    next: Next,
  ): boolean {
    const span = node
      .groups()
      .map((index) => this.#spans[index])
      .find((found) => found !== undefined);
    if (span === undefined) return next(at);
    const length = span[1] - span[0];
    this.meter.spend(length);
    const start = ahead ? at : at - length;
    if (start < 0) return false;
    const fold = (char = "") => (node.ignoreCase ? char.toLowerCase() : char);
    for (let n = 0; n < length; n += 1) {
      const char = this.chars[start + n];
      if (char === undefined || fold(char) !== fold(this.chars[span[0] + n])) return false;
    }
    return next(ahead ? at + length : start);
  }
}

/** Each repetition starts with its own groups unset. */
function withoutGroups(
  node: PatternNode,
  spans: readonly (Span | undefined)[],
): (Span | undefined)[] {
  const rest = spans.slice();
  const clear = (inner: PatternNode): void => {
    if (inner.kind === "group") rest[inner.index] = undefined;
    if ("part" in inner) clear(inner.part);
    if ("parts" in inner) inner.parts.forEach(clear);
  };
  if (spans.length > 0) clear(node);
  return rest;
}

const isWord = (char: string | undefined) => char !== undefined && /^\w$/.test(char);
const isLineEnd = (char: string | undefined) =>
  char !== undefined && /^[\n\r\u2028\u2029]$/.test(char);
