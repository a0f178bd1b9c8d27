import type { CallFormat, LeakedCall } from "../leak.ts";
import { blocks } from "../scan.ts";

const argumentMark = "<|tool_call_argument_begin|>";

/** `<|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>{…}<|tool_call_end|>`: Kimi K2. */
export const kimi: CallFormat = {
  name: "kimi",
  wholeText: false,
  find: (text) =>
    blocks(text, "<|tool_call_begin|>", "<|tool_call_end|>").flatMap(
      ({ start, end, inner }): LeakedCall[] => {
        const mark = inner.indexOf(argumentMark);
        if (mark === -1) return [];
        const id = inner.slice(0, mark).trim();
        const args = inner.slice(mark + argumentMark.length).trim();
        return [{ name: id, id, arguments: args, start, end }];
      },
    ),
};
