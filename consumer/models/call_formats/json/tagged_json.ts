import { modelLimits } from "../../../../shared/limits.ts";
import { readLoosely } from "../../repair/loose_json.ts";
import type { CallFormat, LeakedCall } from "../leak.ts";
import { jsonEnd, skipSpace, skipToken } from "../scan.ts";
import { type NamedCall, namedCalls } from "./named_json.ts";

/**
 * Tags before JSON calls and what closes them: Hermes and Qwen, MiniMax M1 and Hunyuan A13B, Granite,
 * Phi, LFM2, Pangu, Nemotron, LongCat, InternLM, GigaChat, Command R/A, xLAM, dots and K2 Horizon.
 */
const tags: readonly (readonly [open: string, ...close: string[]])[] = [
  ["<tool_call>", "</tool_call>"],
  ["<tool_calls>", "</tool_calls>"],
  ["<function_call>", "</function_call>"],
  ["<function_calls>", "</function_calls>"],
  ["<longcat_tool_call>", "</longcat_tool_call>"],
  ["<TOOLCALL>", "</TOOLCALL>"],
  ["<|tool_call|>", "<|/tool_call|>", "<|end_of_text|>"],
  ["<|tool_call_start|>", "<|tool_call_end|>"],
  ["<|START_ACTION|>", "<|END_ACTION|>"],
  ["<|action_start|><|plugin|>", "<|action_end|>"],
  ["<|message_sep|>\n\nfunction call<|role_sep|>", "<|message_sep|>", "</s>"],
  ["function call<|role_sep|>", "<|message_sep|>", "</s>"],
  ["<|function_call|>", "<|/function_call|>", "</s>"],
  ["<tools>", "</tools>"],
  ["functools", "<|end|>"],
  ["[unused11]", "[unused12]"],
  ["<dots_function_call>", "</dots_function_call>"],
  ["<ifm|tool_call>", "</ifm|tool_call>"],
];

/** The calls of one tag. Balanced brackets end a block, because engines drop the closing tag as a stop token. */
function ofTag(text: string, open: string, close: readonly string[]): LeakedCall[] {
  const calls: LeakedCall[] = [];
  let tries = 0;
  for (let start = text.indexOf(open); start !== -1 && tries < modelLimits.leakBlocksMax; ) {
    tries += 1;
    const block = closedBlock(text, skipSpace(text, start + open.length), close);
    if (block === null) {
      start = text.indexOf(open, start + open.length);
      continue;
    }
    for (const call of block.calls) calls.push({ ...call, start, end: block.end });
    start = text.indexOf(open, block.end);
  }
  return calls;
}

/** Reads one or more JSON values up to the closing tag; null if a value is damaged. */
function closedBlock(text: string, from: number, close: readonly string[]) {
  const calls: NamedCall[] = [];
  let position = from;
  for (let tries = 0; tries < modelLimits.leakBlocksMax; tries += 1) {
    const end = jsonEnd(text, position);
    const value = end === null ? null : readLoosely(text.slice(position, end));
    if (end === null || value === null) break;
    const namedList = namedCalls(value.value);
    if (namedList.length === 0) return null;
    calls.push(...namedList);
    position = end;
    const closed = skipToken(text, end, ...close);
    if (closed > end) return { calls, end: closed };
    const next = skipSpace(text, skipToken(text, end, ",", ";"));
    if (!/[{[]/.test(text.charAt(next))) return { calls, end };
    position = next;
  }
  return looseBlock(text, from, close, calls.length === 0);
}

/** A damaged block with a closing tag, repaired as one value; used only if no other call was read. */
function looseBlock(text: string, from: number, close: readonly string[], first: boolean) {
  if (!first || !/[{[]/.test(text.charAt(from))) return null;
  const tag = close.find((candidate) => text.includes(candidate, from));
  if (tag === undefined) return null;
  const to = text.indexOf(tag, from);
  const parsed = readLoosely(text.slice(from, to));
  const calls = parsed === null ? [] : namedCalls(parsed.value);
  return calls.length === 0 ? null : { calls, end: to + tag.length };
}

export const taggedJson: CallFormat = {
  name: "tagged_json",
  wholeText: false,
  find: (text) => tags.flatMap(([open, ...close]) => ofTag(text, open, close)),
};
