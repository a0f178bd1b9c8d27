import { modelLimits } from "../../../../shared/limits.ts";
import type { CallFormat, LeakedCall } from "../leak.ts";
import { pythonCalls } from "./pythonic.ts";

/** Tags before Python calls and what closes them; Llama 4 leaves the end out. */
const tags: readonly { open: string; close: string; mayEnd: boolean }[] = [
  { open: "<|tool_call_start|>", close: "<|tool_call_end|>", mayEnd: false },
  { open: "<function_calls>", close: "</function_calls>", mayEnd: false },
  { open: "<|python_start|>", close: "<|python_end|>", mayEnd: true },
  { open: "<tool_call>", close: "</tool_call>", mayEnd: false },
];

function ofTag(text: string, { open, close, mayEnd }: (typeof tags)[number]): LeakedCall[] {
  const leaks: LeakedCall[] = [];
  let tries = 0;
  for (let start = text.indexOf(open); start !== -1 && tries < modelLimits.leakBlocksMax; ) {
    tries += 1;
    const from = start + open.length;
    const closeAt = text.indexOf(close, from);
    if (closeAt === -1 && !mayEnd) break;
    const to = closeAt === -1 ? text.length : closeAt;
    const inner = text.slice(from, to).replace(/<\|(?:eot|eom|python_end)\|>\s{0,8}$/, "");
    const end = closeAt === -1 ? to : to + close.length;
    const calls = inner.includes("(") ? pythonCalls(inner, 0, inner.length) : [];
    for (const call of calls) leaks.push({ ...call, start, end });
    start = text.indexOf(open, calls.length > 0 ? end : from);
  }
  return leaks;
}

/** `<|tool_call_start|>[f(a=1)]<|tool_call_end|>` (LFM2), `<function_calls>` (Olmo 3), `<|python_start|>` (Llama 4). */
export const taggedPython: CallFormat = {
  name: "tagged_python",
  wholeText: false,
  find: (text) => tags.flatMap((tag) => ofTag(text, tag)),
};
