import { jsonrepair } from "jsonrepair";
import { modelLimits } from "../../../shared/limits.ts";
import type { Quirk } from "../../../shared/models/quirks.ts";
import { parseJson } from "../../../shared/text/json.ts";
import { quoteLossyNumbers } from "../../../shared/text/json_numbers.ts";
import { takePython } from "../call_formats/python/python_literal.ts";
import { withoutFence } from "./fence.ts";

/** A value read from damaged text, and the repairs it needed. */
export interface Loose {
  value: unknown;
  quirks: Quirk[];
}

interface Escaped {
  text: string;
  /** The brackets that are still open, innermost last; null where a string is. */
  open: string[] | null;
  /** No string stays open, and there are as many closing braces as opening ones. */
  isClosed: boolean;
}

const tailChars = 300;
/** One alternative only: a second one that reads the same token doubles the work with each token. */
const endMarkup = /(?:<\/?[\w|:]{1,42}>)+$/;

const controlEscapes: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function controlEscape(char: string): string {
  return controlEscapes[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/**
 * The smallest repair, which keeps every character that the model wrote: inside strings, a
 * backslash that starts no JSON escape is doubled, and control characters are escaped.
 */
export function repairEscapes(text: string): Escaped {
  let out = "";
  let quote: string | null = null;
  const open: string[] = [];
  let braces = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (quote === null) {
      if (char === '"' || char === "'") quote = char;
      else if (char === "{" || char === "[") open.push(char);
      else if (char === "}" || char === "]") open.pop();
      if (char === "{") braces += 1;
      else if (char === "}") braces -= 1;
      out += char;
    } else if (char === quote) {
      quote = null;
      out += char;
    } else if (char === "\\") {
      const next = text.charAt(at + 1);
      const unicode = next === "u" && /^[0-9a-fA-F]{4}$/.test(text.slice(at + 2, at + 6));
      const isEscape = '"\\/bfnrt'.includes(next) && next !== "";
      if (isEscape || unicode || (next === "'" && quote === "'")) {
        out += char + next;
        at += 1;
      } else {
        out += "\\\\";
      }
    } else {
      out += char < " " ? controlEscape(char) : char;
    }
  }
  return {
    text: out,
    open: quote === null ? open : null,
    isClosed: quote === null && braces === 0,
  };
}

/** Markup that leaks around arguments: special tokens, closing tags and a code fence. */
function peel(text: string): string {
  const inner = withoutFence(text).trim();
  // Only the tail is searched: the pattern is not linear over a long text.
  const tail = Math.max(0, inner.length - tailChars);
  const candidate = `${inner.slice(0, tail)}${inner.slice(tail).replace(endMarkup, "")}`
    .replaceAll('<|"|>', '"')
    .trim();
  return candidate.startsWith("{{") && candidate.endsWith("}}")
    ? candidate.slice(1, -1)
    : candidate;
}

/**
 * JSON that lacks only its last brace: a common slip of models, where the endpoint says that the reply
 * is finished. Undefined for other text: a value that ends inside a string or a list may be cut.
 */
export function parseWithoutLastBrace(text: string): unknown {
  const unwrapped = peel(text);
  const { open, text: escaped } = repairEscapes(unwrapped);
  return open?.join("") === "{" ? parseJson(`${escaped}}`) : undefined;
}

/** jsonrepair copies its whole output at each insertion, so long text with many faults would cost seconds. */
function attempt(text: string): unknown {
  if (text.length > modelLimits.repairedCharsMax) return undefined;
  try {
    return parseJson(jsonrepair(text));
  } catch {
    return undefined;
  }
}

/**
 * Reads JSON by repairs of growing boldness and names the one that was needed; null where
 * nothing helps. The boldest, jsonrepair, closes what is open, so it is kept from text that ends
 * inside a string or with a brace still open: there it would invent the end of a cut value.
 */
export function readLoosely(source: string): Loose | null {
  const text = quoteLossyNumbers(source);
  const strict = parseJson(text);
  if (strict !== undefined) return { value: strict, quirks: [] };
  if (text.length > modelLimits.argumentsBytesMax) return null;
  const unwrapped = peel(text);
  const inner = parseJson(unwrapped);
  if (inner !== undefined) return { value: inner, quirks: ["json_peeled"] };
  const escaped = repairEscapes(unwrapped);
  const repaired = parseJson(escaped.text);
  if (repaired !== undefined) return { value: repaired, quirks: ["json_escapes_repaired"] };
  if (!escaped.isClosed || !/^[{[]/.test(unwrapped) || !/[}\]]$/.test(unwrapped)) return null;
  const python = takePython(unwrapped, 0);
  if (python !== null && python.end === unwrapped.length) {
    return { value: python.value, quirks: ["json_repaired"] };
  }
  const guess = attempt(escaped.text);
  return typeof guess === "object" && guess !== null
    ? { value: guess, quirks: ["json_repaired"] }
    : null;
}
