import type { ToolOffer } from "../../../shared/models/model.ts";
import { typedValue } from "./scan.ts";

/** How a model family marks a parameter: what precedes its name, ends its name, and ends its value. */
export interface ParameterMarks {
  open: string;
  nameEnd: string;
  close: string;
}

export interface RawParameter {
  key: string;
  /** What follows the name in the opening mark, up to `>`. */
  attributes: string;
  raw: string;
}

/**
 * The parameters of a call's inner text, or null where there is other text between them. Models
 * forget closing marks: the next opening mark or the end then closes, and a value never holds another
 * parameter's mark.
 */
export function rawParameters(inner: string, marks: ParameterMarks): RawParameter[] | null {
  const parameters: RawParameter[] = [];
  const first = inner.indexOf(marks.open);
  if (inner.slice(0, first === -1 ? undefined : first).trim() !== "") return null;
  for (let position = first; position !== -1; ) {
    const keyStart = position + marks.open.length;
    const keyEnd = inner.indexOf(marks.nameEnd, keyStart);
    const headEnd = keyEnd === -1 ? -1 : inner.indexOf(">", keyEnd);
    if (headEnd === -1) return null;
    const from = headEnd + 1;
    const next = inner.indexOf(marks.open, from);
    const limit = next === -1 ? inner.length : next;
    const closeAt = inner.indexOf(marks.close, from);
    const isClosed = closeAt !== -1 && closeAt < limit;
    const raw = inner.slice(from, isClosed ? closeAt : limit);
    const key = inner.slice(keyStart, keyEnd).trim();
    parameters.push({
      key,
      attributes: inner.slice(keyEnd, headEnd),
      raw: isClosed ? raw : raw.replace(/\s{0,8}$/, ""),
    });
    const after = isClosed ? closeAt + marks.close.length : limit;
    if (inner.slice(after, limit).trim() !== "") return null;
    position = next;
  }
  return parameters;
}

/** The parameters as arguments, each typed by the tool's schema; null where they cannot be read. */
export function typedParameters(
  inner: string,
  marks: ParameterMarks,
  tool: string,
  tools: readonly ToolOffer[],
): Record<string, unknown> | null {
  const raws = rawParameters(inner, marks);
  if (raws === null) return null;
  return Object.fromEntries(raws.map(({ key, raw }) => [key, typedValue(raw, tool, key, tools)]));
}
