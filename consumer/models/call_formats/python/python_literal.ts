import type { Json } from "../../../../shared/text/json.ts";
import { isLossless } from "../../../../shared/text/json_numbers.ts";

/** The value that was read, and the index after it; null if there is none. */
type ParsedValue<T> = { value: T; end: number } | null;

const escapes: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  b: "\b",
  f: "\f",
  "0": "\0",
  "\n": "",
};
const words: readonly (readonly [string, unknown])[] = [
  ["True", true],
  ["False", false],
  ["None", null],
  ["true", true],
  ["false", false],
  ["null", null],
];
const depthMax = 32;

function space(text: string, position: number): number {
  const match = /\S/.exec(text.slice(position));
  return match === null ? text.length : position + match.index;
}

function takeString(text: string, position: number): ParsedValue<string> {
  const triple = ['"""', "'''"].find((mark) => text.startsWith(mark, position));
  const quote = triple ?? text.charAt(position);
  if (quote !== '"' && quote !== "'" && triple === undefined) return null;
  let value = "";
  for (let next = position + quote.length; next < text.length; next += 1) {
    if (text.startsWith(quote, next)) return { value, end: next + quote.length };
    const char = text.charAt(next);
    if (char !== "\\") {
      value += char;
      continue;
    }
    next += 1;
    const escaped = text.charAt(next);
    const width = { x: 2, u: 4, U: 8 }[escaped] ?? 0;
    const digits = text.slice(next + 1, next + 1 + width);
    if (width > 0 && digits.length === width && /^[0-9a-fA-F]+$/.test(digits)) {
      const code = Number.parseInt(digits, 16);
      if (code > 0x10ffff) return null;
      value += code > 0xffff ? String.fromCodePoint(code) : String.fromCharCode(code);
      next += width;
    } else if ("\\'\"".includes(escaped) && escaped !== "") value += escaped;
    // Python keeps the backslash of an unknown escape.
    else value += escapes[escaped] ?? `\\${escaped}`;
  }
  return null;
}

function takeList(
  text: string,
  position: number,
  close: string,
  depth: number,
): ParsedValue<unknown[]> {
  const items: unknown[] = [];
  let next = space(text, position + 1);
  while (text.charAt(next) !== close) {
    const item = takePython(text, next, depth + 1);
    if (item === null) return null;
    items.push(item.value);
    next = space(text, item.end);
    if (text.charAt(next) === ",") next = space(text, next + 1);
    else if (text.charAt(next) !== close) return null;
  }
  return { value: items, end: next + 1 };
}

function takeDict(text: string, position: number, depth: number): ParsedValue<Json> {
  const entries: [string, unknown][] = [];
  let next = space(text, position + 1);
  while (text.charAt(next) !== "}") {
    const key = takeString(text, next);
    if (key === null) return null;
    const colon = space(text, key.end);
    if (text.charAt(colon) !== ":") return null;
    const value = takePython(text, space(text, colon + 1), depth + 1);
    if (value === null) return null;
    entries.push([key.value, value.value]);
    next = space(text, value.end);
    if (text.charAt(next) === ",") next = space(text, next + 1);
    else if (text.charAt(next) !== "}") return null;
  }
  return { value: Object.fromEntries(entries), end: next + 1 };
}

/** One Python literal: string, number, True, False, None, list, tuple or dict. */
export function takePython(
  text: string,
  position: number,
  depth: number = 0,
): ParsedValue<unknown> {
  if (depth > depthMax) return null;
  const char = text.charAt(position);
  if (char === "[") return takeList(text, position, "]", depth);
  if (char === "(") return takeList(text, position, ")", depth);
  if (char === "{") return takeDict(text, position, depth);
  if (char === '"' || char === "'") return takeString(text, position);
  const number = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/.exec(text.slice(position, position + 40));
  if (number !== null) {
    const [source] = number;
    return { value: isLossless(source) ? Number(source) : source, end: position + source.length };
  }
  const word = words.find(([name]) => text.startsWith(name, position));
  return word === undefined ? null : { value: word[1], end: position + word[0].length };
}

/** One call with keyword arguments, `name(key=literal, …)`. Positional arguments name nothing and are refused. */
export function takePythonCall(
  text: string,
  position: number,
): ParsedValue<{ name: string; arguments: Json }> {
  const head = /^([A-Za-z_][\w.-]{0,127})\s*\(/.exec(text.slice(position, position + 160));
  if (head?.[1] === undefined) return null;
  const pairs: [string, unknown][] = [];
  let next = space(text, position + head[0].length);
  while (text.charAt(next) !== ")") {
    const key = /^([A-Za-z_]\w*)\s*=\s*/.exec(text.slice(next, next + 160));
    if (key?.[1] === undefined) return null;
    const value = takePython(text, next + key[0].length);
    if (value === null) return null;
    pairs.push([key[1], value.value]);
    next = space(text, value.end);
    if (text.charAt(next) === ",") next = space(text, next + 1);
    else if (text.charAt(next) !== ")") return null;
  }
  return { value: { name: head[1], arguments: Object.fromEntries(pairs) }, end: next + 1 };
}
