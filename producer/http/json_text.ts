/**
 * JSON text that strangers sent: how deep it nests, before anything recursive touches it, and
 * where it breaks. V8's own message names no position for the commonest mistakes.
 */

import { err, ok, type Result } from "../../shared/result.ts";
import type { Problem } from "./problem.ts";

/** The deepest nesting of brackets outside strings. Works on broken text too. */
export function nesting(text: string): number {
  let depth = 0;
  let deepest = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (quoted) {
      if (code === backslash) at++;
      else if (code === quote) quoted = false;
    } else if (code === quote) quoted = true;
    else if (code === openBrace || code === openBracket) deepest = Math.max(deepest, ++depth);
    else if (code === closeBrace || code === closeBracket) depth--;
  }
  return deepest;
}

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/** Parses text of bounded depth; the problem says where the text stops being JSON. */
export function parseJson(text: string, depthMax: number): Result<unknown, Problem> {
  const depth = nesting(text);
  if (depth > depthMax) {
    const message = `the JSON nests ${depth} levels deep; at most ${depthMax} are taken, so flatten it or send the inner part as text`;
    return err({ kind: "unreadable", message, details: [{ path: "", message }] });
  }
  try {
    return ok(JSON.parse(text) as unknown);
  } catch {
    const message = `not JSON: ${faultOf(text)}`;
    return err({ kind: "unreadable", message, details: [{ path: "", message }] });
  }
}

/** Says where text that JSON.parse refused goes wrong, and what is expected there. */
export function faultOf(text: string): string {
  const scan: Scan = { text, at: 0 };
  const expected = scanValue(scan) ?? scanEnd(scan);
  const before = text.slice(0, scan.at);
  const line = before.split("\n").length;
  const column = scan.at - before.lastIndexOf("\n");
  const found = scan.at >= text.length ? "the end" : JSON.stringify(text.charAt(scan.at));
  return `at position ${scan.at} (line ${line}, column ${column}) expected ${expected ?? "JSON"}, found ${found}`;
}

interface Scan {
  text: string;
  at: number;
}

const scalar = /(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?![\w.])/y;
const string = /"(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
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

const scanEnd = (scan: Scan): string | null =>
  scan.at < scan.text.length ? "nothing more after the value" : null;

/** Each scan returns null when it read what it should, else what it expected at `scan.at`. */
function scanValue(scan: Scan): string | null {
  take(scan, space);
  const char = scan.text.charAt(scan.at);
  const fault =
    char === "{"
      ? scanList(scan, "}", scanMember)
      : char === "["
        ? scanList(scan, "]", scanValue)
        : char === '"'
          ? scanString(scan)
          : take(scan, scalar)
            ? null
            : "a value (a string in double quotes, a number, true, false, null, { or [)";
  if (fault === null) take(scan, space);
  return fault;
}

function scanList(scan: Scan, close: "}" | "]", item: (scan: Scan) => string | null) {
  scan.at++;
  if (takeChar(scan, close)) return null;
  for (;;) {
    const fault = item(scan);
    if (fault !== null) return fault;
    if (takeChar(scan, close)) return null;
    if (!takeChar(scan, ",")) return `"," or "${close}"`;
  }
}

function scanMember(scan: Scan): string | null {
  take(scan, space);
  if (scan.text.charAt(scan.at) !== '"') return "a field name in double quotes";
  const fault = scanString(scan);
  if (fault !== null) return fault;
  return takeChar(scan, ":") ? scanValue(scan) : '":"';
}

function scanString(scan: Scan): string | null {
  if (take(scan, string)) return null;
  return 'a string that ends with " and has its line breaks written as \\n';
}
