/**
 * Numbers that JSON.parse would change: whole numbers beyond 2^53, numbers with more digits than a double
 * keeps, and numbers beyond its range. They are rejected where they arrive, or kept as strings of their digits.
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
  for (let position = 0; position < text.length; position += 1) {
    const code = text.charCodeAt(position);
    if (code === 0x22) {
      for (
        position += 1;
        position < text.length && text.charCodeAt(position) !== 0x22;
        position += 1
      ) {
        if (text.charCodeAt(position) === 0x5c) position += 1;
      }
    } else if (code === 0x2d || (code >= 0x30 && code <= 0x39)) {
      number.lastIndex = position;
      const source = number.exec(text)?.[0] ?? text.charAt(position);
      if (source !== "-" && !isLossless(source))
        yield { start: position, end: position + source.length };
      position += source.length - 1;
    }
  }
}

/** JSON text in which each number that would lose digits is a string of its digits. */
export function quoteLossyNumbers(text: string): string {
  if (!maybeLossy.test(text)) return text;
  let out = "";
  let position = 0;
  for (const { start, end } of lossyTokens(text)) {
    out += `${text.slice(position, start)}"${text.slice(start, end)}"`;
    position = end;
  }
  return position === 0 ? text : out + text.slice(position);
}

/** The first number of a valid JSON text that would lose digits, and its path; null where all are kept. */
export function findLossyNumber(text: string): { source: string; path: string } | null {
  if (!maybeLossy.test(text)) return null;
  const [first] = lossyTokens(text);
  if (first === undefined) return null;
  const { start, end } = first;
  const source = text.slice(start, end);
  // No text contains a string of this form, so its place in the parsed value is the number's path.
  const mark = `\u0000${source}`;
  const markedText = `${text.slice(0, start)}${JSON.stringify(mark)}${text.slice(end)}`;
  try {
    return { source, path: pathTo(JSON.parse(markedText), mark) ?? "" };
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
