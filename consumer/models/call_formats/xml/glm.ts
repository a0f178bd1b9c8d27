import type { ToolOffer } from "../../../../shared/models/model.ts";
import { checkpointMark } from "../checkpoint_mark.ts";
import type { CallFormat, LeakedCall } from "../leak.ts";
import { blocks, skipSpace, skipToken, typedValue } from "../scan.ts";

/** How a family spells the name of a tag. GLM and Hunyuan 3 leave it as it is. */
type Spelling = (name: string) => string;

const spellings: readonly Spelling[] = [
  (name) => name,
  (name) => `longcat_${name}`,
  (name) => `ifm|${name}`,
  (name) => (name === "tool_call" ? `iquest_${name}` : name),
];

function marksOf(spell: Spelling) {
  const tag = (name: string) => [`<${spell(name)}>`, `</${spell(name)}>`] as const;
  return {
    call: tag("tool_call"),
    key: tag("arg_key"),
    type: tag("arg_type"),
    value: tag("arg_value"),
  };
}
type Marks = ReturnType<typeof marksOf>;

/** The spellings, and that of Hunyuan 4, whose tags end in a mark of the checkpoint: `<tool_call:6124c78e>`. */
function spellingsIn(text: string): readonly Spelling[] {
  const suffix = checkpointMark(text);
  return suffix === null ? spellings : [...spellings, (name) => `${name}${suffix}`];
}

/** K2 Horizon may name the type between key and value. */
function skipType(text: string, at: number, [open, close]: Marks["type"]): number {
  if (!text.startsWith(open, at)) return at;
  const end = text.indexOf(close, at);
  return end === -1 ? at : skipSpace(text, end + close.length);
}

/**
 * A value ends at its closing tag. Where the next key comes first or no closing tag does, it was left
 * out, and the next key or the end of the call ends the value.
 */
function valueEnd(
  text: string,
  from: number,
  { call, key, value }: Marks,
): [number, number] | null {
  const close = text.indexOf(value[1], from);
  const nextKey = text.indexOf(key[0], from);
  if (close !== -1 && (nextKey === -1 || close < nextKey)) return [close, close + value[1].length];
  const ends = [nextKey, text.indexOf(call[1], from)].filter((index) => index !== -1);
  const end = ends.length === 0 ? null : Math.min(...ends);
  return end === null ? null : [end, end];
}

/** One call from the text after its opening tag: a name, then pairs of key and value, then the end. */
function readCall(
  text: string,
  start: number,
  marks: Marks,
  tools: readonly ToolOffer[],
): LeakedCall | null {
  const from = start + marks.call[0].length;
  const name = /^\s{0,20}([\w.:-]{1,128})\s{0,20}(?=<)/.exec(text.slice(from, from + 200));
  if (name?.[1] === undefined) return null;
  const pairs: [string, unknown][] = [];
  let position = skipSpace(text, skipToken(text, from + name[0].length, "<tool_sep>"));
  for (; text.startsWith(marks.key[0], position); position = skipSpace(text, position)) {
    const keyEnd = text.indexOf(marks.key[1], position);
    if (keyEnd === -1) return null;
    const key = text.slice(position + marks.key[0].length, keyEnd).trim();
    const open = skipType(text, skipSpace(text, keyEnd + marks.key[1].length), marks.type);
    const valueStart = open + marks.value[0].length;
    const end = valueEnd(text, valueStart, marks);
    if (!text.startsWith(marks.value[0], open) || end === null) return null;
    const isClosed = end[1] > end[0];
    const raw = text.slice(valueStart, end[0]);
    // A value never holds the mark of another one.
    if (raw.includes(marks.value[0])) return null;
    pairs.push([key, typedValue(isClosed ? raw : raw.trimEnd(), name[1], key, tools)]);
    position = end[1];
  }
  if (!text.startsWith(marks.call[1], position)) return null;
  const end = position + marks.call[1].length;
  return { name: name[1], arguments: Object.fromEntries(pairs), start, end };
}

/** `<tool_call>f<arg_key>k</arg_key><arg_value>v</arg_value></tool_call>`: GLM, Hunyuan 3 (`<tool_sep>`) and 4, LongCat, K2 Horizon, IQuest. */
export const glm: CallFormat = {
  name: "glm",
  wholeText: false,
  find: (text, tools) =>
    spellingsIn(text)
      .map(marksOf)
      .flatMap((marks) =>
        blocks(text, ...marks.call)
          .map(({ start }) => readCall(text, start, marks, tools))
          .filter((leak) => leak !== null),
      ),
};
