import { modelLimits } from "../../../../shared/limits.ts";
import { readLoosely } from "../../repair/loose_json.ts";
import type { CallFormat, LeakedCall } from "../leak.ts";
import { pythonCalls } from "../python/pythonic.ts";
import { jsonEnd, skipSpace, skipToken } from "../scan.ts";
import { namedCalls } from "./named_json.ts";

const mark = "<|python_tag|>";
const ends = ["<|eom_id|>", "<|eot_id|>"];

/** The JSON calls from `from` on, separated by `;` or `,`, and the index after the last one. */
function jsonCalls(
  text: string,
  from: number,
): { calls: Omit<LeakedCall, "start" | "end">[]; end: number } {
  const calls: Omit<LeakedCall, "start" | "end">[] = [];
  let end = from;
  for (
    let position = skipSpace(text, from);
    ;
    position = skipSpace(text, skipToken(text, end, ";", ","))
  ) {
    const to = jsonEnd(text, position);
    const parsed = to === null ? null : readLoosely(text.slice(position, to));
    if (to === null || parsed === null) return { calls, end };
    const named = namedCalls(parsed.value);
    // A value that is no call makes the others doubtful.
    if (named.length === 0) return { calls: [], end: from };
    calls.push(...named);
    end = to;
  }
}

/** The calls of one tag, whose text ends at the next tag. */
function ofTag(text: string, start: number, limit: number): LeakedCall[] {
  const from = start + mark.length;
  const json = jsonCalls(text.slice(0, limit), from);
  if (json.calls.length > 0) {
    const end = skipToken(text, json.end, ...ends);
    return json.calls.map((call) => ({ ...call, start, end }));
  }
  const stop = ends.map((token) => text.indexOf(token, from)).find((index) => index !== -1);
  const to = Math.min(stop ?? limit, limit);
  return pythonCalls(text, from, to).map((call) => ({
    ...call,
    name: call.name.replace(/\.call$/, ""),
    start,
    end: skipToken(text, to, ...ends),
  }));
}

function find(text: string): LeakedCall[] {
  const calls: LeakedCall[] = [];
  let tries = 0;
  for (
    let position = text.indexOf(mark);
    position !== -1 && tries < modelLimits.leakBlocksMax;
    tries += 1
  ) {
    const next = text.indexOf(mark, position + mark.length);
    calls.push(...ofTag(text, position, next === -1 ? text.length : next));
    position = next;
  }
  return calls;
}

/** `<|python_tag|>{"name", "parameters"}` or `<|python_tag|>f.call(k="v")`: Llama 3. */
export const llama: CallFormat = { name: "llama", wholeText: false, find };
