import type { CallFormat, LeakedCall } from "../leak.ts";
import { skipSpace } from "../scan.ts";
import { takePythonCall } from "./python_literal.ts";

/** `f(a=1)`, `print(f(a=1))` or `[f(a=1), g()]` filling the text from `from` to `to`; else null. */
export function pythonCalls(
  text: string,
  from: number,
  to: number,
): Omit<LeakedCall, "start" | "end">[] {
  const source = text.slice(from, to).trim();
  const printed = /^print\(([\s\S]*)\)$/.exec(source)?.[1] ?? source;
  const listed = printed.startsWith("[") && printed.endsWith("]");
  const body = (listed ? printed.slice(1, -1) : printed).trim();
  const calls: Omit<LeakedCall, "start" | "end">[] = [];
  for (let at = 0; at < body.length; ) {
    const call = takePythonCall(body, at);
    if (call === null) return [];
    calls.push(call.value);
    at = skipSpace(body, call.end);
    if (at >= body.length) break;
    const separator = body.charAt(at);
    // Outside a list calls stand on lines of their own.
    if (separator === "," || separator === ";") at = skipSpace(body, at + 1);
    else if (listed || !body.slice(call.end, at).includes("\n")) return [];
  }
  return calls;
}

/** `[f(a=1, b="x"), g()]` as the whole text: Llama 4, and many small models. */
export const pythonic: CallFormat = {
  name: "pythonic",
  wholeText: true,
  find: (text) =>
    pythonCalls(text, 0, text.length).map((call) => ({ ...call, start: 0, end: text.length })),
};
