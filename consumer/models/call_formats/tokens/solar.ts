import type { CallFormat, LeakedCall } from "../leak.ts";
import { blocks } from "../scan.ts";

const nameMark = "<|tool_call:name|>";
const argumentMark = "<|tool_call:args|>";

/** `<|tool_call:begin|>id<|tool_call:name|>f<|tool_call:args|>{…}<|tool_call:end|>`: Solar. */
export const solar: CallFormat = {
  name: "solar",
  wholeText: false,
  find: (text) =>
    blocks(text, "<|tool_call:begin|>", "<|tool_call:end|>").flatMap(
      ({ start, end, inner }): LeakedCall[] => {
        const [nameAt, argsAt] = [inner.indexOf(nameMark), inner.indexOf(argumentMark)];
        if (nameAt === -1 || argsAt < nameAt) return [];
        const name = inner.slice(nameAt + nameMark.length, argsAt).trim();
        const args = inner.slice(argsAt + argumentMark.length).trim();
        return [{ name, arguments: args, start, end }];
      },
    ),
};
