import { jsonEnd, skipSpace, skipToken } from "./scan.ts";

const tailChars = 120;
/** A tag or token without its end. A `<` after a word or before a space is a comparison, not a tag. */
const openTag = /(?:^|[^\w<])<(?:[|｜/A-Za-z][^<>\n]{0,80})?$/;
const openBracketToken = /(?:^|\s)\[\/?[A-Z_]{1,14}$/;
/** Marks that start with other characters than a tag does. */
const oddMarks = ["]<]minimax[>[", "[unused11]", "**Tool Call:**"];
const callFence = /```(?:json|tool_calls?|tool_code|tool_use|function_call)\n/;

/** Whether a text stops inside a tag or token. */
export function endsInTag(text: string): boolean {
  const tail = text.trimEnd().slice(-tailChars);
  return openTag.test(tail) || openBracketToken.test(tail) || oddMarks.some(endsInside);

  /** Whether the text ends in the start of a mark, on a line of its own or behind another token. */
  function endsInside(mark: string): boolean {
    for (let chars = mark.length - 1; chars > 0; chars -= 1) {
      if (!tail.endsWith(mark.slice(0, chars))) continue;
      const before = tail.slice(0, tail.length - chars);
      if (before === "" || /[\n>]\s*$/.test(before) || (mark.startsWith("]<") && chars > 2))
        return true;
    }
    return false;
  }
}

/**
 * True if a text stops inside a part of a call: an unclosed tag, JSON, Python or code fence, or only markup
 * characters. Such a text was cut, even if the endpoint reports that the reply is complete.
 */
export function isBrokenOff(text: string): boolean {
  const trimmed = text.trim();
  if (trimmed === "") return false;
  if (/^[<>{}[\]`~*|｜✿▁\s]+$/.test(trimmed) || /^>>>\w|✿\w{0,10}$/.test(trimmed)) return true;
  if (endsInTag(trimmed) || (/^[{[]/.test(trimmed) && endsInJson(trimmed))) return true;
  const fences = trimmed.split("\n").filter((line) => line.trimStart().startsWith("```")).length;
  const open = fences % 2 === 1 || (fences === 0 && trimmed.includes("```"));
  const last = trimmed.slice(trimmed.lastIndexOf("```"));
  return open && (trimmed.startsWith("```") || callFence.test(last) || !last.includes("\n"));
}

/** Whether a text is a sequence of JSON values whose last one never closes. */
function endsInJson(text: string): boolean {
  for (let position = 0; position < text.length; ) {
    if (!/[{[]/.test(text.charAt(position))) return false;
    const end = jsonEnd(text, position);
    if (end === null) return true;
    position = skipSpace(text, skipToken(text, end, ",", ";"));
  }
  return false;
}
