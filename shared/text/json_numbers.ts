/**
 * Numbers that JSON.parse would change: whole numbers beyond 2^53, numbers with more digits than a double
 * keeps, and numbers beyond its range. They are rejected at the door, or kept as strings of their digits.
 */

interface NumberToken {
  start: number;
  end: number;
}

const maybeLossy = /\d{16}|\d\.\d{15}|\d[eE][+-]?\d{3}/;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** Significant digits and exponent: equal for two spellings of one decimal number. */
function decimal(text: string): string {
  const match = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (match === null) return text;
  const [, integerDigits = "", fraction = "", exponent = "0"] = match;
  const digits = `${integerDigits}${fraction}`.replace(/^0+/, "");
  let length = digits.length;
  while (length > 0 && digits.charCodeAt(length - 1) === 0x30) length -= 1;
  return length === 0
    ? "0"
    : `${digits.slice(0, length)}e${Number(exponent) - fraction.length + digits.length - length}`;
}

/** Whether a number's digits survive a double. */
export function isLossless(source: string): boolean {
  const value = Number(source);
  return Number.isFinite(value) && decimal(String(value)) === decimal(source);
}

/** The lossy numbers of a JSON text, in order. One pass; text that is not JSON gives any answer. */
function* lossyTokens(text: string): Generator<NumberToken> {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      for (at += 1; at < text.length && text.charCodeAt(at) !== 0x22; at += 1) {
        if (text.charCodeAt(at) === 0x5c) at += 1;
      }
    } else if (code === 0x2d || (code >= 0x30 && code <= 0x39)) {
      number.lastIndex = at;
      const source = number.exec(text)?.[0] ?? text.charAt(at);
      if (source !== "-" && !isLossless(source)) yield { start: at, end: at + source.length };
      at += source.length - 1;
    }
  }
}

/** JSON text in which each number that would lose digits is a string of its digits. */
export function quoteLossyNumbers(text: string): string {
  if (!maybeLossy.test(text)) return text;
  let out = "";
  let at = 0;
  for (const { start, end } of lossyTokens(text)) {
    out += `${text.slice(at, start)}"${text.slice(start, end)}"`;
    at = end;
  }
  return at === 0 ? text : out + text.slice(at);
}

/** The first number of a valid JSON text that would lose digits, and its path; null where all are kept. */
export function findLossyNumber(text: string): { source: string; path: string } | null {
  if (!maybeLossy.test(text)) return null;
  const [first] = lossyTokens(text);
  if (first === undefined) return null;
  const { start, end } = first;
  const source = text.slice(start, end);
  // A string of this shape is in no text: its place in the parsed value is the number's path.
  const mark = `\u0000${source}`;
  const marked = `${text.slice(0, start)}${JSON.stringify(mark)}${text.slice(end)}`;
  try {
    return { source, path: pathTo(JSON.parse(marked), mark) ?? "" };
  } catch {
    return { source, path: "" };
  }
}

function pathTo(value: unknown, target: string): string | null {
  const stack: { value: unknown; path: string }[] = [{ value, path: "" }];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (next.value === target) return next.path;
    if (typeof next.value !== "object" || next.value === null) continue;
    const isList = Array.isArray(next.value);
    for (const [key, inner] of Object.entries(next.value)) {
      const dot = next.path === "" ? "" : ".";
      stack.push({
        value: inner,
        path: isList ? `${next.path}[${key}]` : `${next.path}${dot}${key}`,
      });
    }
  }
  return null;
}
