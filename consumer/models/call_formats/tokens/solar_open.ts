import type { CallFormat, LeakedCall } from "../leak.ts";
import { blocks } from "../scan.ts";
import { typedParameters } from "../scan_parameters.ts";

const marks = {
  open: "<|tool_arg:start|>",
  nameEnd: "<|tool_arg:value|>",
  close: "<|tool_arg:end|>",
};

/** `<|tool_call:start|>f\n<|tool_arg:start|>k<|tool_arg:value|>v<|tool_arg:end|>\n<|tool_call:end|>`: Solar Open 2. */
export const solarOpen: CallFormat = {
  name: "solar_open",
  wholeText: false,
  find: (text, tools) =>
    blocks(text, "<|tool_call:start|>", "<|tool_call:end|>").flatMap(
      ({ start, end, inner }): LeakedCall[] => {
        const name = /^\s{0,8}([\w.:-]{1,128})\s{0,8}(?=<|$)/.exec(inner.slice(0, 160));
        if (name?.[1] === undefined) return [];
        const rest = inner.slice(name[0].length);
        const args = rest === "" ? {} : typedParameters(rest, marks, name[1], tools);
        const isDamaged = args === null || Object.values(args).some(holdsMark);
        return isDamaged ? [] : [{ name: name[1], arguments: args, start, end }];
      },
    ),
};

/** A value that holds a mark of an argument has lost the mark that ended it. */
const holdsMark = (value: unknown): boolean =>
  typeof value === "string" && value.includes("<|tool_arg:");
