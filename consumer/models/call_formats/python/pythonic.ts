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
  const inner = /^print\(([\s\S]*)\)$/.exec(source)?.[1] ?? source;
  const isList = inner.startsWith("[") && inner.endsWith("]");
  const body = (isList ? inner.slice(1, -1) : inner).trim();
  const calls: Omit<LeakedCall, "start" | "end">[] = [];
  for (let position = 0; position < body.length; ) {
    const call = takePythonCall(body, position);
    if (call === null) return [];
    calls.push(call.value);
    position = skipSpace(body, call.end);
    if (position >= body.length) break;
    const separator = body.charAt(position);
    // Outside a list, each call is on its own line.
    if (separator === "," || separator === ";") position = skipSpace(body, position + 1);
    else if (isList || !body.slice(call.end, position).includes("\n")) return [];
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
