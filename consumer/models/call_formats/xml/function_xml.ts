import { modelLimits } from "../../../../shared/limits.ts";
import type { ToolOffer } from "../../../../shared/models/model.ts";
import { parseRecord } from "../../../../shared/text/json.ts";
import type { CallFormat, LeakedCall } from "../leak.ts";
import { skipToken, typedValue } from "../scan.ts";
import { rawParameters } from "../scan_parameters.ts";

const open = "<function=";
const close = "</function>";
const outerClose = "</tool_call>";
const marks = { open: "<parameter=", nameEnd: ">", close: "</parameter>" };

/** A value is on its own lines, so one line break on each side belongs to the markup. */
function withoutFrame(raw: string): string {
  return raw.replace(/^\n/, "").replace(/\n$/, "");
}

function parameters(body: string, tool: string, tools: readonly ToolOffer[]) {
  const raws = rawParameters(body, marks);
  if (raws === null) return null;
  return Object.fromEntries(
    raws.map(({ key, raw }) => [key, typedValue(withoutFrame(raw), tool, key, tools)]),
  );
}

/** Where the call that starts at `from` ends: at its closing tag, or else at the outer closing tag. */
function endOf(text: string, from: number): { position: number; length: number } | null {
  const next = text.indexOf(open, from);
  const limit = next === -1 ? text.length : next;
  const inner = text.indexOf(close, from);
  if (inner !== -1 && inner < limit) return { position: inner, length: close.length };
  const outer = text.indexOf(outerClose, from);
  return outer !== -1 && outer < limit ? { position: outer, length: outerClose.length } : null;
}

function find(text: string, tools: readonly ToolOffer[]): LeakedCall[] {
  const calls: LeakedCall[] = [];
  let tries = 0;
  for (let position = text.indexOf(open); position !== -1 && tries < modelLimits.leakBlocksMax; ) {
    tries += 1;
    const nameEnd = text.indexOf(">", position);
    const to = nameEnd === -1 ? null : endOf(text, nameEnd);
    if (nameEnd === -1) break;
    if (to === null) {
      position = text.indexOf(open, nameEnd);
      continue;
    }
    const name = text.slice(position + open.length, nameEnd).trim();
    const body = text.slice(nameEnd + 1, to.position).trim();
    const args = body.startsWith("{") ? (parseRecord(body) ?? body) : parameters(body, name, tools);
    const before = /<tool_call>\s{0,20}$/.exec(text.slice(Math.max(0, position - 40), position));
    const start = position - (before?.[0].length ?? 0);
    const end = skipToken(text, to.position + to.length, outerClose);
    if (args !== null && /^[\w.:-]+$/.test(name)) calls.push({ name, arguments: args, start, end });
    position = text.indexOf(open, end);
  }
  return calls;
}

/** `<function=f><parameter=k>v</parameter></function>` (Qwen coder) or `<function=f>{…}</function>` (Llama 3.1). */
export const functionXml: CallFormat = { name: "function_xml", wholeText: false, find };
