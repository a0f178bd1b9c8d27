/** The vote of samples: equal answers form a class, and the largest class that is large enough wins. Pure. */
import { canonicalJson } from "../../shared/text/canonical_json.ts";
import { isRecord } from "../../shared/text/json.ts";

/** The answer of one sample that passed its checks. */
export interface Ballot {
  sample: number;
  output: unknown;
}

/** Answers that are equal at the compared paths. */
export interface AnswerClass {
  /** What was compared: the answer, or its values by path. */
  value: unknown;
  samples: number[];
  /** The answer of the first of them. */
  output: unknown;
}

/** The classes, the largest first; of two equal ones that of the earlier sample. */
export function classesOf(ballots: readonly Ballot[], agreeOn: readonly string[]): AnswerClass[] {
  const classes = new Map<string, AnswerClass>();
  for (const { sample, output } of ballots) {
    const value = comparedPart(output, agreeOn);
    const key = canonicalJson(value);
    const found = classes.get(key);
    if (found === undefined) classes.set(key, { value, samples: [sample], output });
    else found.samples.push(sample);
  }
  return [...classes.values()].sort(
    (a, b) => b.samples.length - a.samples.length || (a.samples[0] ?? 0) - (b.samples[0] ?? 0),
  );
}

/** A path that an answer does not have is left out, so it differs from one with null. */
function comparedPart(output: unknown, agreeOn: readonly string[]): unknown {
  if (agreeOn.length === 0) return output;
  const values = agreeOn.map((pointer) => [pointer, valueAt(output, pointer)] as const);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

/** The value at a JSON pointer; undefined where there is none. */
function valueAt(value: unknown, pointer: string): unknown {
  let at = value;
  for (const part of pointer.split("/").slice(1)) {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    if (Array.isArray(at)) at = /^(0|[1-9]\d*)$/.test(key) ? at[Number(key)] : undefined;
    else at = isRecord(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  }
  return at;
}

export type Vote = { kind: "won"; winner: AnswerClass } | { kind: "lost" } | { kind: "open" };

/**
 * Whether the vote is decided while `left` samples have not run: won when no other class can become larger,
 * lost when none can reach `need`.
 */
export function decideVote(classes: readonly AnswerClass[], need: number, left: number): Vote {
  const [first, second] = classes;
  const largest = first?.samples.length ?? 0;
  if (largest + left < need) return { kind: "lost" };
  if (first === undefined || largest < need) return { kind: "open" };
  const rival = (second?.samples.length ?? 0) + left;
  const isDecided = left === 0 || rival < largest || (rival === largest && second === undefined);
  return isDecided ? { kind: "won", winner: first } : { kind: "open" };
}
