/** The keywords for one value without its parts. */
import { format, ucs2length } from "@cfworker/json-schema";
import { canonicalJson } from "../../../shared/text/canonical_json.ts";
import type { Visit } from "./visit.ts";

export function typeOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

export function anyValue(value: unknown, { schema, run, fail }: Visit): void {
  const { type } = schema;
  const types: readonly unknown[] = Array.isArray(type) ? type : [type];
  const isWhole = typeof value === "number" && Number.isInteger(value);
  const isOfType = types.includes(typeOf(value)) || (isWhole && types.includes("integer"));
  if (type !== undefined && !isOfType) {
    const expected = types.join('", "');
    fail("type", `Instance type "${typeOf(value)}" is invalid. Expected "${expected}".`);
  }
  const isEqual = (other: unknown): boolean => {
    if (typeof value !== "object" || value === null) return value === other;
    return typeof other === "object" && canonicalJson(value) === canonicalJson(other);
  };
  const { const: only, enum: choices } = schema;
  if (only === undefined && !Array.isArray(choices)) return;
  // The whole value is compared with each choice.
  const count = 1 + (Array.isArray(choices) ? choices.length : 0);
  const size = typeof value === "object" ? JSON.stringify(value).length : 10;
  run.meter.spend(count * (1 + size / 10));
  if (only !== undefined && !isEqual(only)) {
    fail("const", `Instance does not match ${JSON.stringify(only)}.`);
  }
  if (Array.isArray(choices) && !choices.some(isEqual)) {
    fail("enum", `Instance does not match any of ${JSON.stringify(choices)}.`);
  }
}

const bounds = [
  ["minimum", (value: number, limit: number) => value < limit, "less than"],
  ["maximum", (value: number, limit: number) => value > limit, "greater than"],
  ["exclusiveMinimum", (value: number, limit: number) => value <= limit, "less than"],
  [
    "exclusiveMaximum",
    (value: number, limit: number) => value >= limit,
    "greater than or equal to",
  ],
] as const;

export function numberKeywords(value: number, { schema, fail }: Visit): void {
  for (const [keyword, isOutside, relation] of bounds) {
    const limit = schema[keyword];
    if (typeof limit !== "number" || !isOutside(value, limit)) continue;
    fail(keyword, `${value} is ${relation} ${limit}.`);
  }
  const { multipleOf } = schema;
  if (typeof multipleOf === "number" && !isMultiple(value, multipleOf)) {
    fail("multipleOf", `${value} is not a multiple of ${multipleOf}.`);
  }
}

/** Exact for decimal fractions: 0.3 is a multiple of 0.1. */
function isMultiple(value: number, divisor: number): boolean {
  if (!Number.isFinite(value) || !Number.isFinite(divisor) || divisor <= 0) return false;
  const [digits, exponent] = decimal(value);
  const [divisorDigits, divisorExponent] = decimal(divisor);
  const shift = exponent - divisorExponent;
  return shift >= 0
    ? (digits * 10n ** BigInt(shift)) % divisorDigits === 0n
    : digits % (divisorDigits * 10n ** BigInt(-shift)) === 0n;
}

function decimal(value: number): [digits: bigint, exponent: number] {
  const [digits = "", exponent = "0"] = Math.abs(value).toString().split("e");
  const [integerDigits = "", fraction = ""] = digits.split(".");
  return [BigInt(integerDigits + fraction), Number(exponent) - fraction.length];
}

export function stringKeywords(value: string, { schema, run, fail }: Visit): void {
  const { minLength, maxLength, pattern, format: name } = schema;
  if (minLength !== undefined || maxLength !== undefined) {
    run.meter.spend(value.length / 20);
    const length = ucs2length(value);
    if (length < Number(minLength)) {
      fail("minLength", `String is too short (${length} < ${minLength}).`);
    }
    if (length > Number(maxLength)) {
      fail("maxLength", `String is too long (${length} > ${maxLength}).`);
    }
  }
  if (typeof pattern === "string" && !run.pattern(pattern).matches(value, run.meter)) {
    fail("pattern", "String does not match pattern.");
  }
  if (typeof name !== "string") return;
  run.meter.spend(value.length);
  if (hasFormat(name, value) === false) {
    fail("format", `String does not match format "${name}".`);
  }
}

/** All formats are linear but the package's `url`, which takes time that doubles with each letter. */
function hasFormat(name: string, value: string): boolean | undefined {
  if (name === "url") return /^(?:https?|ftp):\/\/\S+$/iu.test(value) && URL.canParse(value);
  return Object.hasOwn(format, name) ? format[name]?.(value) : undefined;
}
