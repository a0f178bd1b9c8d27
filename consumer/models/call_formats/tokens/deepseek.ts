import type { CallFormat, LeakedCall } from "../leak.ts";
import { blocks } from "../scan.ts";

const spellings = [
  ["<｜tool▁call▁begin｜>", "<｜tool▁sep｜>", "<｜tool▁call▁end｜>"],
  ["<|tool_call_begin|>", "<|tool_sep|>", "<|tool_call_end|>"],
] as const;

/** `<｜tool▁call▁begin｜>f<｜tool▁sep｜>{…}<｜tool▁call▁end｜>`: DeepSeek V3 and R1 (with a type and a fence) and V3.1. */
export const deepseek: CallFormat = {
  name: "deepseek",
  wholeText: false,
  find: (text) =>
    spellings.flatMap(([open, separator, close]) =>
      blocks(text, open, close).flatMap(({ start, end, inner }): LeakedCall[] => {
        const [first, ...rest] = inner.split(separator);
        if (first === undefined || rest.length === 0) return [];
        const after = rest.join(separator);
        const fence = /^\s*([\w.-]+)\s*```(?:json)?\s*([\s\S]*?)\s*```\s*$/.exec(after);
        const name = fence?.[1] ?? first.trim();
        return [{ name, arguments: fence?.[2] ?? after.trim(), start, end }];
      }),
    ),
};
