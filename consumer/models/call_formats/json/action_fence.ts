import { isRecord } from "../../../../shared/text/json.ts";
import { readLoosely } from "../../repair/loose_json.ts";
import type { CallFormat } from "../leak.ts";
import { blocks, skipSpace } from "../scan.ts";
import { namedCalls } from "./named_json.ts";

const head = "Action:";
const fence = "```json\n";

/** `Action:` and a fence with `[{"tool_name", "parameters"}]`: Command R. Only these keys count. */
export const actionFence: CallFormat = {
  name: "action_fence",
  wholeText: false,
  find: (text) =>
    blocks(text, fence, "```").flatMap(({ start, end, inner }) => {
      const position = text.lastIndexOf(head, start);
      if (position === -1 || skipSpace(text, position + head.length) !== start) return [];
      const value = readLoosely(inner.trim())?.value;
      const list: readonly unknown[] = Array.isArray(value) ? value : [value];
      const isForm = list.every(
        (each) => isRecord(each) && "tool_name" in each && "parameters" in each,
      );
      return isForm ? namedCalls(value).map((call) => ({ ...call, start: position, end })) : [];
    }),
};
