import { parseRecord } from "../../../../shared/json.ts";
import { modelLimits } from "../../../../shared/limits.ts";
import type { ToolOffer } from "../../model.ts";
import type { CallFormat, LeakedCall } from "../leak.ts";
import { skipToken, typedValue } from "../scan.ts";

const open = "<function=";
const close = "</function>";
const parameterOpen = "<parameter=";
const parameterClose = "</parameter>";

/** A value stands on lines of its own, so one line break on each side belongs to the markup. */
function unframed(raw: string): string {
  return raw.replace(/^\n/, "").replace(/\n$/, "");
}

/** Models forget a parameter's closing tag; the next parameter or the end then closes it. */
function parameters(body: string, tool: string, tools: readonly ToolOffer[]) {
  const pairs: [string, unknown][] = [];
  for (let at = body.indexOf(parameterOpen); at !== -1; ) {
    const nameEnd = body.indexOf(">", at);
    if (nameEnd === -1) return null;
    const key = body.slice(at + parameterOpen.length, nameEnd).trim();
    const next = body.indexOf(`\n${parameterOpen}`, nameEnd);
    const closed = body.indexOf(parameterClose, nameEnd);
    const ends = [closed, next].filter((index) => index !== -1);
    const end = ends.length === 0 ? body.length : Math.min(...ends);
    pairs.push([key, typedValue(unframed(body.slice(nameEnd + 1, end)), tool, key, tools)]);
    at = body.indexOf(parameterOpen, end);
  }
  return Object.fromEntries(pairs);
}

function find(text: string, tools: readonly ToolOffer[]): LeakedCall[] {
  const found: LeakedCall[] = [];
  let tries = 0;
  for (let at = text.indexOf(open); at !== -1 && tries < modelLimits.leakBlocksMax; ) {
    tries += 1;
    const nameEnd = text.indexOf(">", at);
    const to = nameEnd === -1 ? -1 : text.indexOf(close, nameEnd);
    if (to === -1) break;
    const name = text.slice(at + open.length, nameEnd).trim();
    const body = text.slice(nameEnd + 1, to).trim();
    const args = body.startsWith("{") ? (parseRecord(body) ?? body) : parameters(body, name, tools);
    const before = /<tool_call>\s*$/.exec(text.slice(Math.max(0, at - 40), at));
    const start = at - (before?.[0].length ?? 0);
    const end = skipToken(text, to + close.length, "</tool_call>");
    if (args !== null && /^[\w.:-]+$/.test(name)) found.push({ name, arguments: args, start, end });
    at = text.indexOf(open, end);
  }
  return found;
}

/** `<function=f><parameter=k>v</parameter></function>` (Qwen coder) or `<function=f>{…}</function>` (Llama 3.1). */
export const functionXml: CallFormat = { name: "function_xml", wholeText: false, find };
