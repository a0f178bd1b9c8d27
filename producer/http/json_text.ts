/**
 * Parses untrusted JSON: limits its nesting before any recursive code sees it, and reports where a syntax
 * error is. V8's own message has no position for the most common mistakes.
 */

import { bodyLimits } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { findLossyNumber } from "../../shared/text/json_numbers.ts";
import { jsonShape } from "../../shared/text/json_shape.ts";
import { findIllFormed } from "../../shared/text/well_formed.ts";
import { invalidField, type Problem } from "./problem.ts";

export function parseJson(text: string, depthMax: number): Result<unknown, Problem> {
  const { depth, values } = jsonShape(text);
  if (values > bodyLimits.jsonValuesMax) {
    const message = `the JSON has more than ${bodyLimits.jsonValuesMax.toLocaleString("en")} values: send less at once`;
    return err({ kind: "too_large", message });
  }
  if (depth > depthMax) {
    const message = `the JSON is nested ${depth} levels deep; the maximum is ${depthMax}: flatten it, or send the inner part as a string`;
    return err({ kind: "unreadable", message, details: [{ path: "", message }] });
  }
  try {
    const value = JSON.parse(text) as unknown;
    const fault = lossyPart(text, value);
    return fault === null ? ok(value) : err(fault);
  } catch {
    const message = `invalid JSON: ${describeSyntaxError(text)}`;
    return err({ kind: "unreadable", message, details: [{ path: "", message }] });
  }
}

/**
 * A value that did not arrive as text: a queue and a service binding also carry cycles, dates, functions and
 * any depth. The result is what its JSON text means, within the limits of a request's body.
 */
export function jsonCopy(
  value: unknown,
  limits: { bytesMax: number; depthMax: number },
): Result<unknown, Problem> {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    // The value has a cycle or a BigInt, or is nested too deep: then it has no text.
  }
  if (text === undefined) {
    const message = "the value has no JSON text: send plain data without cycles";
    return err({ kind: "unreadable", message, details: [{ path: "", message }] });
  }
  if (
    text.length > limits.bytesMax ||
    new TextEncoder().encode(text).byteLength > limits.bytesMax
  ) {
    const message = `the value is larger than ${limits.bytesMax.toLocaleString("en")} bytes: upload large files and name them in "files"`;
    return err({ kind: "too_large", message });
  }
  return parseJson(text, limits.depthMax);
}

/** What would be changed on its way: a number that loses digits, or half of a surrogate pair. */
function lossyPart(text: string, value: unknown): Problem | null {
  const number = findLossyNumber(text);
  if (number !== null) {
    const message = `the number ${clip(number.source)} would lose digits: write it as a string`;
    return invalidField(number.path, message);
  }
  if (!/\\u[dD][89a-fA-F]/.test(text) && text.isWellFormed()) return null;
  const path = findIllFormed(value);
  return path === null
    ? null
    : invalidField(path, "holds half of a surrogate pair, which is not a character: leave it out");
}

const clip = (source: string): string => (source.length > 40 ? `${source.slice(0, 40)}…` : source);

/** Where text that JSON.parse rejected is invalid, and what is expected there. */
export function describeSyntaxError(text: string): string {
  const scan: Scan = { text, at: 0, expected: "JSON" };
  if (scanValue(scan) && scan.at < text.length) scan.expected = "nothing more after the value";
  const before = text.slice(0, scan.at);
  const line = before.split("\n").length;
  const column = scan.at - before.lastIndexOf("\n");
  const foundText = scan.at >= text.length ? "the end" : JSON.stringify(text.charAt(scan.at));
  return `at position ${scan.at} (line ${line}, column ${column}) expected ${scan.expected}, found ${foundText}`;
}

/** The position in the text, and what the last failed scan expected there. */
interface Scan {
  text: string;
  at: number;
  expected: string;
}

const scalar = /(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?![\w.])/y;
/** A part of a string: a longer match at once would need memory for each of its characters. */
const stringPart = /[^"\\\p{Cc}]{1,1000}|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/uy;
const space = /[ \t\n\r]*/y;

function take(scan: Scan, pattern: RegExp): boolean {
  pattern.lastIndex = scan.at;
  if (!pattern.test(scan.text)) return false;
  scan.at = pattern.lastIndex;
  return true;
}

function takeChar(scan: Scan, char: string): boolean {
  take(scan, space);
  if (scan.text.charAt(scan.at) !== char) return false;
  scan.at++;
  take(scan, space);
  return true;
}

function fail(scan: Scan, expected: string): false {
  scan.expected = expected;
  return false;
}

/** Like the scans below: false at the first invalid character, which is at `scan.at`. */
function scanValue(scan: Scan): boolean {
  take(scan, space);
  const isValid = scanBareValue(scan);
  if (isValid) take(scan, space);
  return isValid;
}

function scanBareValue(scan: Scan): boolean {
  const char = scan.text.charAt(scan.at);
  if (char === "{") return scanList(scan, "}", scanMember);
  if (char === "[") return scanList(scan, "]", scanValue);
  if (char === '"') return scanString(scan);
  if (take(scan, scalar)) return true;
  return fail(scan, "a value (a string in double quotes, a number, true, false, null, { or [)");
}

function scanList(scan: Scan, close: "}" | "]", item: (scan: Scan) => boolean): boolean {
  scan.at++;
  if (takeChar(scan, close)) return true;
  for (;;) {
    if (!item(scan)) return false;
    if (takeChar(scan, close)) return true;
    if (!takeChar(scan, ",")) return fail(scan, `"," or "${close}"`);
  }
}

function scanMember(scan: Scan): boolean {
  take(scan, space);
  if (scan.text.charAt(scan.at) !== '"') return fail(scan, "a field name in double quotes");
  if (!scanString(scan)) return false;
  return takeChar(scan, ":") ? scanValue(scan) : fail(scan, '":"');
}

function scanString(scan: Scan): boolean {
  const start = scan.at;
  scan.at++;
  while (take(scan, stringPart));
  if (scan.text.charAt(scan.at) === '"') {
    scan.at++;
    return true;
  }
  scan.at = start;
  return fail(scan, 'a string that ends with " and has its line breaks written as \\n');
}
