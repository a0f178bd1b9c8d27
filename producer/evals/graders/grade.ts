/** Grades one output by comparing values. Pure; every comparison is linear in what a model wrote. */
import { RE2JS } from "re2js";
import { canonicalJson } from "../../../shared/text/canonical_json.ts";
import { isRecord, parseJson } from "../../../shared/text/json.ts";
import { valueAt } from "../../../shared/text/json_pointer.ts";
import type { GraderOf, PureGrader } from "./grader.ts";

/** `score` is between 0 and 1; only `set` has values between them. */
export interface Grade {
  pass: boolean;
  score: number;
}

const grade = (pass: boolean): Grade => ({ pass, score: pass ? 1 : 0 });

/** `row` holds the right value under the grader's `expect`; a missing value is never right. */
export function gradeOutput(grader: PureGrader, row: unknown, output: unknown): Grade {
  const value = valueAt(output, grader.output ?? "");
  if (value === undefined) return grade(false);
  if (grader.kind === "regex") return grade(matches(grader.pattern, value));
  const expected =
    isRecord(row) && Object.hasOwn(row, grader.expect) ? row[grader.expect] : undefined;
  if (expected === undefined) return grade(false);
  switch (grader.kind) {
    case "exact":
      return grade(isSame(value, expected));
    case "text":
      return grade(normalise(textOf(value)) === normalise(textOf(expected)));
    case "number":
      return grade(isNear(grader, value, expected));
    case "set":
      return gradeSet(grader, value, expected);
    case "json":
      return grade(contains(value, typeof expected === "string" ? parseJson(expected) : expected));
  }
}

/** CSV has only text: a number or a boolean equals its text. */
const isSame = (value: unknown, expected: unknown): boolean =>
  canonicalJson(value) === canonicalJson(expected) ||
  (typeof expected === "string" && typeof value !== "object" && String(value) === expected);

const textOf = (value: unknown): string =>
  typeof value === "string" ? value : canonicalJson(value);

/** Letter case, width, white space and the punctuation at both ends do not count. */
function normalise(text: string): string {
  const words = text
    .normalize("NFKC")
    .toLowerCase()
    .split(/\s/u)
    .filter((word) => word !== "");
  const plain = words.join(" ");
  let from = 0;
  let to = plain.length;
  const isPunctuation = (at: number) => /[\p{P}\p{S}\s]/u.test(plain.charAt(at));
  while (from < to && isPunctuation(from)) from++;
  while (to > from && isPunctuation(to - 1)) to--;
  // A text of punctuation only is itself.
  return from === to ? plain : plain.slice(from, to);
}

function numberOf(value: unknown): number {
  if (typeof value === "number") return value;
  return typeof value === "string" && value.trim() !== "" ? Number(value.trim()) : Number.NaN;
}

function isNear(
  { tolerance = 0, relative = false }: GraderOf<"number">,
  value: unknown,
  expected: unknown,
): boolean {
  const right = numberOf(expected);
  const width = relative ? tolerance * Math.abs(right) : tolerance;
  // Decimal fractions are not exact: 0.3 is within 0.1 of 0.2.
  const slack = Number.EPSILON * 4 * Math.max(1, Math.abs(right));
  return Math.abs(numberOf(value) - right) <= width + slack;
}

/** A list, or its text: JSON, or parts between "|", ";" or ",". */
function membersOf(value: unknown): Set<string> {
  const parsed =
    typeof value === "string" && value.trim().startsWith("[") ? parseJson(value) : value;
  const list = Array.isArray(parsed)
    ? parsed
    : typeof parsed === "string"
      ? parsed.split(/[|;,]/)
      : [parsed];
  return new Set(list.map((member) => normalise(textOf(member))).filter((member) => member !== ""));
}

function gradeSet({ f1 = 1 }: GraderOf<"set">, value: unknown, expected: unknown): Grade {
  const found = membersOf(value);
  const right = membersOf(expected);
  const both = [...found].filter((member) => right.has(member)).length;
  const score = found.size + right.size === 0 ? 1 : (2 * both) / (found.size + right.size);
  return { pass: score >= f1, score };
}

/** Whether every member of `part` is in `value` with the same value; lists are compared member by member. */
function contains(value: unknown, part: unknown): boolean {
  if (Array.isArray(part)) {
    return (
      Array.isArray(value) &&
      value.length === part.length &&
      part.every((each, at) => contains(value[at], each))
    );
  }
  if (!isRecord(part)) return canonicalJson(value) === canonicalJson(part);
  return (
    isRecord(value) &&
    Object.entries(part).every(
      ([key, each]) => Object.hasOwn(value, key) && contains(value[key], each),
    )
  );
}

/** A linear engine, because a model chose the text. */
const matches = (pattern: string, value: unknown): boolean =>
  RE2JS.compile(pattern).matcher(textOf(value)).find();
