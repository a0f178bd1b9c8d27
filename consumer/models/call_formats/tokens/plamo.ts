import type { CallFormat, LeakedCall } from "../leak.ts";
import { blocks } from "../scan.ts";

const tag = (name: string): string => `<|plamo:${name}:plamo|>`;
const constraint = /^(?:<\|plamo:constrain\|>json)?(?:<\|plamo:msg\|>)?/;

/** The name and arguments of one request; null where a tag is lost. */
function readRequest(inner: string): { name: string; arguments: string } | null {
  const nameStart = inner.indexOf(tag("begin_tool_name"));
  const nameEnd = inner.indexOf(tag("end_tool_name"));
  const from = inner.indexOf(tag("begin_tool_arguments"));
  const to = inner.indexOf(tag("end_tool_arguments"));
  if (nameStart === -1 || nameEnd < nameStart || from < nameEnd || to < from) return null;
  const name = inner.slice(nameStart + tag("begin_tool_name").length, nameEnd).trim();
  const args = inner.slice(from + tag("begin_tool_arguments").length, to).replace(constraint, "");
  return { name, arguments: args.trim() };
}

/** `<|plamo:begin_tool_request:plamo|>` around a name and JSON, each in tags of its own: PLaMo 3. */
export const plamo: CallFormat = {
  name: "plamo",
  wholeText: false,
  find: (text) =>
    blocks(text, tag("begin_tool_request"), tag("end_tool_request")).flatMap(
      ({ start, end, inner }): LeakedCall[] => {
        const call = readRequest(inner);
        return call === null ? [] : [{ ...call, start, end }];
      },
    ),
};
