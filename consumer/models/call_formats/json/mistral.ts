import { modelLimits } from "../../../../shared/limits.ts";
import { readLoosely } from "../../repair/loose_json.ts";
import type { CallFormat, LeakedCall } from "../leak.ts";
import { jsonEnd, skipSpace, skipToken } from "../scan.ts";
import { namedCalls } from "./named_json.ts";

const mark = "[TOOL_CALLS]";

/** Reads `name[CALL_ID]id[ARGS]{…}` or `name{…}` at `position`. */
function readNamedCall(text: string, start: number, position: number): LeakedCall | null {
  const head = /^\s*([\w.-]{1,128})\s*(?:\[CALL_ID\]([\w-]{1,64}))?\s*(?:\[ARGS\])?\s*/.exec(
    text.slice(position, position + 260),
  );
  if (head?.[1] === undefined) return null;
  const from = position + head[0].length;
  const end = jsonEnd(text, from);
  if (end === null) return null;
  const id = head[2];
  return { name: head[1], arguments: text.slice(from, end), start, end, ...(id ? { id } : {}) };
}

/** Reads one call or several consecutive calls. */
function namedAll(text: string, start: number, from: number): LeakedCall[] {
  const calls: LeakedCall[] = [];
  for (let position = from; calls.length < modelLimits.leakBlocksMax; ) {
    const call = readNamedCall(text, calls.length === 0 ? start : position, position);
    if (call === null) return calls;
    calls.push(call);
    position = skipSpace(text, call.end);
  }
  return calls;
}

function find(text: string): LeakedCall[] {
  const calls: LeakedCall[] = [];
  let tries = 0;
  for (let start = text.indexOf(mark); start !== -1 && tries < modelLimits.leakBlocksMax; ) {
    tries += 1;
    const from = skipSpace(text, start + mark.length);
    // If another mark follows, this is not a list, and searching for its end would cost a whole pass.
    const to = text.startsWith(mark, from) ? null : jsonEnd(text, from);
    const list = to === null ? null : readLoosely(text.slice(from, to));
    if (to !== null && list !== null) {
      const end = skipToken(text, to, "[/TOOL_CALLS]");
      for (const call of namedCalls(list.value)) calls.push({ ...call, start, end });
    } else calls.push(...namedAll(text, start, from));
    start = text.indexOf(mark, from);
  }
  return calls;
}

/** `[TOOL_CALLS][{"name", "arguments"}]` and the newer `[TOOL_CALLS]name[ARGS]{…}`: Mistral. */
export const mistral: CallFormat = { name: "mistral", wholeText: false, find };
