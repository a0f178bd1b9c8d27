import { isRecord } from "../../../../shared/text/json.ts";
import { readLoosely } from "../../repair/loose_json.ts";
import type { CallFormat } from "../leak.ts";
import { blocks } from "../scan.ts";
import { namedCalls } from "./named_json.ts";

const fence = "```json\n";
const headCharsMax = 60;
/** The words before the fence, and the only keys that count behind them: Command R, RWKV. */
const heads = [
  { head: "Action:", keys: ["tool_name", "parameters"] },
  { head: "**Tool Call:**", keys: ["name", "arguments"] },
];

/** `Action:` and a fence with `[{"tool_name", "parameters"}]`, or `**Tool Call:**` and `{"name", "arguments"}`. */
export const actionFence: CallFormat = {
  name: "action_fence",
  wholeText: false,
  find: (text) =>
    blocks(text, fence, "```").flatMap(({ start, end, inner }) => {
      const before = text.slice(Math.max(0, start - headCharsMax), start).trimEnd();
      const found = heads.find(({ head }) => before.endsWith(head));
      if (found === undefined) return [];
      const position = text.lastIndexOf(found.head, start);
      const value = readLoosely(inner.trim())?.value;
      const list: readonly unknown[] = Array.isArray(value) ? value : [value];
      const isForm = list.every((each) => isRecord(each) && found.keys.every((key) => key in each));
      return isForm ? namedCalls(value).map((call) => ({ ...call, start: position, end })) : [];
    }),
};
