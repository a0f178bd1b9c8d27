/** Runs a parsed pattern as the runtime would, by backtracking, and counts each step. */
import { type Meter, OutOfWork } from "./meter.ts";
import type { PatternNode } from "./pattern_parser.ts";

type Next = (position: number) => boolean;
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
    for (let position = 0; position <= last; position += 1) {
      if (run.match(pattern, position, true, () => true)) return true;
    }
    return false;
  } catch (thrown) {
    // The caller's stack may already be deep, so a stack overflow counts as running out of work.
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
  match(node: PatternNode, position: number, ahead: boolean, next: Next): boolean {
    this.meter.spend(1);
    this.#depth += 1;
    if (this.#depth > depthMax) throw new OutOfWork();
    try {
      return this.#matchNode(node, position, ahead, next);
    } finally {
      this.#depth -= 1;
    }
  }

  #matchNode(node: PatternNode, position: number, ahead: boolean, next: Next): boolean {
    switch (node.kind) {
      case "set":
        return this.#isIn(node, position, ahead) && next(ahead ? position + 1 : position - 1);
      case "start":
        return (
          (position === 0 || (node.multiline && isLineEnd(this.chars[position - 1]))) &&
          next(position)
        );
      case "end": {
        const isEnd = position === this.chars.length;
        return (isEnd || (node.multiline && isLineEnd(this.chars[position]))) && next(position);
      }
      case "boundary":
      case "notBoundary": {
        const isBoundary = isWord(this.chars[position - 1]) !== isWord(this.chars[position]);
        return isBoundary === (node.kind === "boundary") && next(position);
      }
      case "sequence":
        return this.#matchParts(
          ahead ? node.parts : node.parts.toReversed(),
          0,
          position,
          ahead,
          next,
        );
      case "choice":
        return node.parts.some((part) => this.match(part, position, ahead, next));
      case "repeat":
        return node.part.kind === "set"
          ? this.#repeatSet(node, position, ahead, next)
          : this.#repeat(node, 0, position, ahead, next);
      case "group":
        return this.match(node.part, position, ahead, (end) =>
          this.#withSpan(node.index, ahead ? [position, end] : [end, position], () => next(end)),
        );
      case "look":
        return this.#look(node, position, next);
      case "back":
        return this.#matchBack(node, position, ahead, next);
    }
  }

  #isIn(set: PatternNode, position: number, ahead: boolean): boolean {
    const char = this.chars[ahead ? position : position - 1];
    return char !== undefined && set.kind === "set" && set.native.test(char);
  }

  #matchParts(
    parts: readonly PatternNode[],
    index: number,
    position: number,
    ahead: boolean,
    next: Next,
  ): boolean {
    const part = parts[index];
    if (part === undefined) return next(position);
    return this.match(part, position, ahead, (end) =>
      this.#matchParts(parts, index + 1, end, ahead, next),
    );
  }

  /** One character repeated needs no recursion. */
  #repeatSet(
    { part, min, max, lazy }: Repeat,
    position: number,
    ahead: boolean,
    next: Next,
  ): boolean {
    const step = ahead ? 1 : -1;
    let count = 0;
    const take = (): boolean => {
      this.meter.spend(1);
      if (count >= max || !this.#isIn(part, position + count * step, ahead)) return false;
      count += 1;
      return true;
    };
    while (count < min) if (!take()) return false;
    if (lazy) {
      while (!next(position + count * step)) if (!take()) return false;
      return true;
    }
    while (take());
    for (; count >= min; count -= 1) {
      this.meter.spend(1);
      if (next(position + count * step)) return true;
    }
    return false;
  }

  #repeat(node: Repeat, count: number, position: number, ahead: boolean, next: Next): boolean {
    const { part, min, max, lazy } = node;
    const repeatAgain = (): boolean => {
      if (count >= max) return false;
      const spans = this.#spans;
      this.#spans = withoutGroups(part, spans);
      const isMatch = this.match(part, position, ahead, (end) => {
        const isEmpty = end === position && count >= min;
        return !isEmpty && this.#repeat(node, count + 1, end, ahead, next);
      });
      if (!isMatch) this.#spans = spans;
      return isMatch;
    };
    if (count < min) return repeatAgain();
    return lazy ? next(position) || repeatAgain() : repeatAgain() || next(position);
  }

  #withSpan(index: number, span: Span, next: () => boolean): boolean {
    const spans = this.#spans;
    this.#spans = spans.slice();
    this.#spans[index] = span;
    const isMatch = next();
    if (!isMatch) this.#spans = spans;
    return isMatch;
  }

  #look(node: Extract<PatternNode, { kind: "look" }>, position: number, next: Next): boolean {
    const spans = this.#spans;
    const isMatch = this.match(node.part, position, !node.behind, () => true);
    if (node.negative || !isMatch) this.#spans = spans;
    if (isMatch !== node.negative && next(position)) return true;
    this.#spans = spans;
    return false;
  }

  #matchBack(
    node: Extract<PatternNode, { kind: "back" }>,
    position: number,
    ahead: boolean,
    next: Next,
  ): boolean {
    const span = node
      .groups()
      .map((index) => this.#spans[index])
      .find((result) => result !== undefined);
    if (span === undefined) return next(position);
    const length = span[1] - span[0];
    this.meter.spend(length);
    const start = ahead ? position : position - length;
    if (start < 0) return false;
    const fold = (char = "") => (node.ignoreCase ? char.toLowerCase() : char);
    for (let n = 0; n < length; n += 1) {
      const char = this.chars[start + n];
      if (char === undefined || fold(char) !== fold(this.chars[span[0] + n])) return false;
    }
    return next(ahead ? position + length : start);
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
