import type { ToolOffer } from "../../../../shared/models/model.ts";
import { parseJson } from "../../../../shared/text/json.ts";
import type { CallFormat, LeakedCall } from "../leak.ts";
import { blocks, typedValue } from "../scan.ts";
import { rawParameters } from "../scan_parameters.ts";

const marks = {
  open: '<|open|>argument key="',
  nameEnd: '"',
  close: "<|close|>argument<|sep|>",
};

const unescaped = (text: string): string => text.replaceAll("&quot;", '"').replaceAll("&amp;", "&");

/** The arguments of one call; null where a token is lost, because a value then holds what follows it. */
function argumentsOf(inner: string, tool: string, tools: readonly ToolOffer[]) {
  const raws = rawParameters(inner, marks);
  if (raws === null) return null;
  const pairs: [string, unknown][] = [];
  for (const { key, attributes, raw } of raws) {
    const type = /^"(?:\s{1,4}type="(\w{1,20})")?<\|sep\|$/.exec(attributes);
    if (type === null || /<\|(?:open|close|sep)\|>/.test(raw)) return null;
    const value = type[1] === undefined || type[1] === "string" ? undefined : parseJson(raw);
    const text = type[1] === "string" ? raw : typedValue(raw, tool, unescaped(key), tools);
    pairs.push([unescaped(key), value ?? text]);
  }
  return Object.fromEntries(pairs);
}

function find(text: string, tools: readonly ToolOffer[]): LeakedCall[] {
  return blocks(text, "<|open|>call ", "<|close|>call<|sep|>").flatMap(({ start, end, inner }) => {
    const head = /^tool="([^"]{1,128})"(?:\s{1,4}index="\d{1,4}")?<\|sep\|>/.exec(inner);
    if (head?.[1] === undefined) return [];
    const name = unescaped(head[1]);
    const args = argumentsOf(inner.slice(head[0].length), name, tools);
    return args === null ? [] : [{ name, arguments: args, start, end }];
  });
}

/** `<|open|>call tool="f" index="1"<|sep|><|open|>argument key="k" type="string"<|sep|>v<|close|>argument<|sep|>…`: Kimi K3. */
export const kimiK3: CallFormat = { name: "kimi_k3", wholeText: false, find };
