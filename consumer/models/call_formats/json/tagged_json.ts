import { modelLimits } from "../../../../shared/limits.ts";
import { readLoosely } from "../../repair/loose_json.ts";
import type { CallFormat, LeakedCall } from "../leak.ts";
import { jsonEnd, skipSpace, skipToken } from "../scan.ts";
import { namedCalls } from "./named_json.ts";

/** Tags before a JSON call and what closes them: Hermes and Qwen, Granite, Phi, xLAM and kin. */
const tags: readonly (readonly [open: string, ...close: string[]])[] = [
  ["<tool_call>", "</tool_call>"],
  ["<tool_calls>", "</tool_calls>"],
  ["<function_call>", "</function_call>"],
  ["<|tool_call|>", "<|/tool_call|>", "<|end_of_text|>"],
  ["<|tool_call_start|>", "<|tool_call_end|>"],
  ["<tools>", "</tools>"],
  ["functools", "<|end|>"],
];

/** The leaks of one tag. Balanced brackets close a block: engines eat the closing tag as a stop token. */
function ofTag(text: string, open: string, close: readonly string[]): LeakedCall[] {
  const found: LeakedCall[] = [];
  let tries = 0;
  for (let start = text.indexOf(open); start !== -1 && tries < modelLimits.leakBlocksMax; ) {
    tries += 1;
    const from = skipSpace(text, start + open.length);
    const block = closedBlock(text, from, close);
    if (block === null) {
      start = text.indexOf(open, start + open.length);
      continue;
    }
    const { end, value } = block;
    for (const call of namedCalls(value)) found.push({ ...call, start, end });
    start = text.indexOf(open, end);
  }
  return found;
}

function closedBlock(text: string, from: number, close: readonly string[]) {
  const balanced = jsonEnd(text, from);
  const strict = balanced === null ? null : readLoosely(text.slice(from, balanced));
  if (balanced !== null && strict !== null) {
    return { end: skipToken(text, balanced, ...close), value: strict.value };
  }
  if (!/^[{[]/.test(text.slice(from, from + 1))) return null;
  const tag = close.find((candidate) => text.includes(candidate, from));
  if (tag === undefined) return null;
  const to = text.indexOf(tag, from);
  const loose = readLoosely(text.slice(from, to));
  return loose === null ? null : { end: to + tag.length, value: loose.value };
}

export const taggedJson: CallFormat = {
  name: "tagged_json",
  wholeText: false,
  find: (text) => tags.flatMap(([open, ...close]) => ofTag(text, open, close)),
};
