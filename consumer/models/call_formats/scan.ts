import { modelLimits } from "../../../shared/limits.ts";
import type { ToolOffer } from "../../../shared/models/model.ts";
import { parseJson } from "../../../shared/text/json.ts";
import { quoteLossyNumbers } from "../../../shared/text/json_numbers.ts";
import { typesOf } from "../repair/schema_types.ts";
import { toolNamed } from "../repair/tool_name.ts";
import { takePython } from "./python/python_literal.ts";

// Scanners move forward with indexOf: a regular expression over unclosed blocks would backtrack.

/** The index after the JSON object or array that starts at `from`, or null where it never closes. */
export function jsonEnd(text: string, from: number): number | null {
  const first = text.charAt(from);
  if (first !== "{" && first !== "[") return null;
  let depth = 0;
  let inString = false;
  for (let position = from; position < text.length; position += 1) {
    const char = text.charAt(position);
    if (inString) {
      if (char === "\\") position += 1;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === "{" || char === "[") depth += 1;
    else if (char === "}" || char === "]") {
      depth -= 1;
      if (depth === 0) return position + 1;
    }
  }
  return null;
}

export interface Block {
  start: number;
  end: number;
  inner: string;
}

/** The first `open … close` blocks of the text, in order and not overlapping; unclosed ones are left out. */
export function blocks(text: string, open: string, close: string): Block[] {
  const list: Block[] = [];
  for (let start = text.indexOf(open); start !== -1 && list.length < modelLimits.leakBlocksMax; ) {
    const from = start + open.length;
    const to = text.indexOf(close, from);
    if (to === -1) break;
    const end = to + close.length;
    list.push({ start, end, inner: text.slice(from, to) });
    start = text.indexOf(open, end);
  }
  return list;
}

/** The index of the first character from `position` on that is not white space. */
export function skipSpace(text: string, position: number): number {
  let next = position;
  while (next < text.length && /\s/.test(text.charAt(next))) next += 1;
  return next;
}

/** The index after `token`, if it follows at `position` after optional white space; else `position`. */
export function skipToken(text: string, position: number, ...tokens: readonly string[]): number {
  const next = skipSpace(text, position);
  const token = tokens.find((candidate) => text.startsWith(candidate, next));
  return token === undefined ? position : next + token.length;
}

/** A list, an object or a word of Python that fills the text; undefined for anything else, quoted text included. */
function wholePython(text: string): unknown {
  if (!/^[[{(TFN]/.test(text)) return undefined;
  const literal = takePython(text, 0);
  return literal !== null && literal.end === text.length ? literal.value : undefined;
}

/**
 * The value of a parameter that was written without quotes: text where the schema admits
 * text, else JSON where it reads as JSON.
 */
export function typedValue(
  raw: string,
  tool: string,
  key: string,
  tools: readonly ToolOffer[],
): unknown {
  const schema = toolNamed(tool, tools)?.original;
  const properties = schema?.properties;
  const property =
    typeof properties === "object" && properties !== null && Object.hasOwn(properties, key)
      ? Reflect.get(properties, key)
      : undefined;
  return schema === undefined ? readValue(raw) : typedAs(raw, property, schema);
}

/** The same by the schema of the value itself; `root` holds its definitions. */
export function typedAs(raw: string, schema: unknown, root: Record<string, unknown>): unknown {
  return typesOf(schema, root).has("string") ? raw : readValue(raw);
}

function readValue(raw: string): unknown {
  const value = parseJson(quoteLossyNumbers(raw.trim()));
  return value === undefined ? (wholePython(raw.trim()) ?? raw) : value;
}
