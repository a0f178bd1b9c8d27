import type { Json } from "../../../../shared/text/json.ts";
import type { CallFormat, LeakedCall } from "../leak.ts";
import { takePython } from "../python/python_literal.ts";
import { pythonCalls } from "../python/pythonic.ts";
import { blocks, skipSpace } from "../scan.ts";

interface Spelling {
  open: string;
  close: string;
  /** The token on both sides of a string. */
  quote: string;
}

const spellings: readonly Spelling[] = [
  { open: "<|tool_call>call:", close: "<tool_call|>", quote: '<|"|>' },
  { open: "<start_function_call>call:", close: "<end_function_call>", quote: "<escape>" },
];
const depthMax = 32;

type ParsedValue = { value: unknown; end: number } | null;

function takeValue(text: string, position: number, quote: string, depth: number): ParsedValue {
  if (depth > depthMax) return null;
  if (text.startsWith(quote, position)) {
    const end = text.indexOf(quote, position + quote.length);
    return end === -1
      ? null
      : { value: text.slice(position + quote.length, end), end: end + quote.length };
  }
  if (text.charAt(position) === "{") return takeObject(text, position, quote, depth);
  if (text.charAt(position) !== "[") return takePython(text, position);
  const items: unknown[] = [];
  let next = skipSpace(text, position + 1);
  while (text.charAt(next) !== "]") {
    const item = takeValue(text, next, quote, depth + 1);
    if (item === null) return null;
    items.push(item.value);
    next = skipSpace(text, item.end);
    if (text.charAt(next) === ",") next = skipSpace(text, next + 1);
    else if (text.charAt(next) !== "]") return null;
  }
  return { value: items, end: next + 1 };
}

function takeObject(text: string, position: number, quote: string, depth: number): ParsedValue {
  const entries: [string, unknown][] = [];
  let next = skipSpace(text, position + 1);
  while (text.charAt(next) !== "}") {
    const quotedKey = text.startsWith(quote, next) ? takeValue(text, next, quote, depth + 1) : null;
    const colon = text.indexOf(":", quotedKey?.end ?? next);
    if (colon === -1) return null;
    const key = quotedKey === null ? text.slice(next, colon).trim() : String(quotedKey.value);
    const value = takeValue(text, skipSpace(text, colon + 1), quote, depth + 1);
    if (value === null || !/^["\w$.-]*$/.test(key)) return null;
    entries.push([key.replace(/^"|"$/g, ""), value.value]);
    next = skipSpace(text, value.end);
    if (text.charAt(next) === ",") next = skipSpace(text, next + 1);
    else if (text.charAt(next) !== "}") return null;
  }
  const value: Json = Object.fromEntries(entries);
  return { value, end: next + 1 };
}

/** Reads `f{…}` and further calls in the same block, each after `call:`; null if one is damaged. */
function callsIn(inner: string, quote: string): { name: string; arguments: unknown }[] | null {
  const calls: { name: string; arguments: unknown }[] = [];
  // If one quote is missing or doubled, values would run into each other.
  if (inner.split(quote).length % 2 === 0) return null;
  for (let position = 0; ; ) {
    const brace = inner.indexOf("{", position);
    const args = brace === -1 ? null : takeObject(inner, brace, quote, 0);
    const name = inner.slice(position, brace).trim();
    if (args === null || !/^[\w.:-]{1,128}$/.test(name)) return null;
    calls.push({ name, arguments: args.value });
    position = skipSpace(inner, args.end);
    if (position >= inner.length) return calls;
    if (!inner.startsWith("call:", position)) return null;
    position += "call:".length;
  }
}

function tokens(text: string): LeakedCall[] {
  return spellings.flatMap(({ open, close, quote }) =>
    blocks(text, open, close).flatMap(({ start, end, inner }) =>
      (callsIn(inner, quote) ?? []).map((call): LeakedCall => ({ ...call, start, end })),
    ),
  );
}

/** The Python in fences labelled `tool_code`, which Gemma 3 writes. */
function fences(text: string): LeakedCall[] {
  return blocks(text, "```tool_code\n", "```").flatMap(({ start, end, inner }) =>
    pythonCalls(inner, 0, inner.length).map((call) => ({ ...call, start, end })),
  );
}

/** `<|tool_call>call:f{k:<|"|>v<|"|>}<tool_call|>` (Gemma 4), FunctionGemma's tokens, and `tool_code` fences. */
export const gemma: CallFormat = {
  name: "gemma",
  wholeText: false,
  find: (text) => [...tokens(text), ...fences(text)],
};
