import type { Json } from "../../../../shared/json.ts";
import type { ToolOffer } from "../../model.ts";
import type { CallFormat, LeakedCall } from "../leak.ts";
import { blocks, skipSpace, typedValue } from "../scan.ts";

const keyOpen = "<arg_key>";
const keyClose = "</arg_key>";
const valueOpen = "<arg_value>";
const valueClose = "</arg_value>";
const open = "<tool_call>";
const close = "</tool_call>";

/** One call from the text after its opening tag: a name, then pairs of key and value, then the end. */
function readCall(text: string, start: number, tools: readonly ToolOffer[]): LeakedCall | null {
  const from = start + open.length;
  const name = /^\s*([\w.:-]{1,128})\s*(?=<)/.exec(text.slice(from, from + 200));
  if (name?.[1] === undefined) return null;
  const pairs: [string, unknown][] = [];
  let at = from + name[0].length;
  for (at = skipSpace(text, at); text.startsWith(keyOpen, at); at = skipSpace(text, at)) {
    const keyEnd = text.indexOf(keyClose, at);
    if (keyEnd === -1) return null;
    const key = text.slice(at + keyOpen.length, keyEnd).trim();
    const valueStart = skipSpace(text, keyEnd + keyClose.length);
    const valueEnd = text.indexOf(valueClose, valueStart);
    if (!text.startsWith(valueOpen, valueStart) || valueEnd === -1) return null;
    const raw = text.slice(valueStart + valueOpen.length, valueEnd);
    pairs.push([key, typedValue(raw, name[1], key, tools)]);
    at = valueEnd + valueClose.length;
  }
  if (!text.startsWith(close, at)) return null;
  const args: Json = Object.fromEntries(pairs);
  return { name: name[1], arguments: args, start, end: at + close.length };
}

/** `<tool_call>name<arg_key>k</arg_key><arg_value>v</arg_value></tool_call>`: GLM 4.5 and later. */
export const glm: CallFormat = {
  name: "glm",
  wholeText: false,
  find: (text, tools) =>
    blocks(text, open, close)
      .map(({ start }) => readCall(text, start, tools))
      .filter((leak) => leak !== null),
};
