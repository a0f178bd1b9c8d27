import { isRecord } from "../../../../shared/text/json.ts";
import { readLoosely } from "../../repair/loose_json.ts";
import type { CallFormat, LeakedCall } from "../leak.ts";
import { blocks } from "../scan.ts";

const open = "<|content_invoke_tool_json|>";
const head = /<\|message_model\|>[\w.-]{0,128}$/;

/** `<|message_model|>f<|content_invoke_tool_json|>{"name", "args"}<|end_message|>`: Inkling. */
export const inkling: CallFormat = {
  name: "inkling",
  wholeText: false,
  find: (text) =>
    blocks(text, open, "<|end_message|>").flatMap(({ start, end, inner }): LeakedCall[] => {
      const value = readLoosely(inner.trim())?.value;
      if (!isRecord(value) || typeof value.name !== "string" || !("args" in value)) return [];
      const before = text.slice(Math.max(0, start - 160), start);
      const from = start - (head.exec(before)?.[0].length ?? 0);
      return [{ name: value.name, arguments: value.args, start: from, end }];
    }),
};
