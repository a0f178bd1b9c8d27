import { reasoningMarks } from "../reply/reasoning.ts";
import { isCovered, type Span } from "./quoted.ts";

/** Marks that open a call. One that remains after the calls were read means that another call was damaged. */
const openers: readonly RegExp[] = [
  /<\|tool_call(?:_begin|_start|:begin)?\|?>/g,
  /<｜tool▁call▁begin｜>|<｜tool_call_begin｜>/g,
  /<\|python_(?:tag|start)\|>|\[TOOL_CALLS\]/g,
  /<\|START_ACTION\|>|<\|action_start\|>|<\|function_call\|>|<\|tools_prefix\|>|<\|recipient\|>/g,
  /<start_function_call>|(?<!\[>\[)<(?:longcat_)?tool_call>|<function_call>|<TOOLCALL>/g,
  /<function(?:=| name=")[\w.-]{1,128}|<(?:｜[DG][SC]ML｜ ?|\|DSML\||steptml:|atem:)?invoke name=/g,
  /<\|open\|>call |<\|plamo:begin_tool_request:|<\|content_invoke_tool_|<\|tool_call:start\|>/g,
  /\]<\]minimax\[>\[<(?!\/?tool_call>)|\[unused11\]|\*\*Tool Call:\*\*|<tool: ?\w{1,64}>/g,
  /<(?:ifm\||iquest_)tool_call>|<dots_function_call>\s{0,8}[{[]|<tool_call:[0-9a-f]{4,16}>/g,
  /<(?:longcat_|ifm\|)?arg_key(?::[0-9a-f]{4,16})?>|<parameter=|✿FUNCTION✿|function call<\|role_sep\|>/g,
];

/** Tokens around calls, or of any model: next to calls they are markup, otherwise they are unread tokens. */
const wrappers =
  /\]<\]minimax\[>\[(?:<\/?tool_call>)?|<\|(?:open|close)\|>\w{1,20}<\|sep\|>|<\/?(?:ifm\||iquest_|dots_|atem:)\w{1,30}>|<\/?(?:tool_calls?|arg_key|arg_value|think):[0-9a-f]{4,16}>|\[unused1[12]\]|<\/?(?:[\w-]{1,20}:)?(?:tool_calls?|function_calls?|tools|TOOLCALL)>|<\/?(?:｜[DG][SC]ML｜ ?|\|DSML\|)[\w]{1,20}>|<\|\/?[A-Za-z][\w:]{0,40}\|?>|<｜[^<>\n｜]{1,40}｜>|<\w{1,40}\|>|\[\/?TOOL_CALLS\]|<\/?longcat_\w{1,20}>|<\/(?:function|invoke|parameter|arg_value)>/g;

export const isMarkupOnly = (text: string): boolean => stripMarkup(text).trim() === "";

/** The text without the markup around calls. */
export function stripMarkup(text: string): string {
  return text.replace(wrappers, "").replace(/<\/s>|<SPECIAL_\d{1,4}>|<eos>|<end_of_turn>/g, "");
}

const isOpen = (text: string, pattern: RegExp, quotes: readonly Span[]): boolean => {
  for (const match of text.matchAll(pattern)) if (!isCovered(quotes, match.index)) return true;
  return false;
};

/** Whether an unquoted mark opens a call. */
export function holdsOpener(text: string, quotes: readonly Span[]): boolean {
  return openers.some((pattern) => isOpen(text, pattern, quotes));
}

/** Whether an unquoted token of a call or of reasoning is left: such a text is not an answer. */
export function holdsMarkup(text: string, quotes: readonly Span[]): boolean {
  if (holdsOpener(text, quotes) || isOpen(text, wrappers, quotes)) return true;
  return reasoningMarks
    .flat()
    .filter((mark) => /^[<[◁]/.test(mark))
    .some((mark) => {
      for (
        let position = text.indexOf(mark);
        position !== -1;
        position = text.indexOf(mark, position + 1)
      ) {
        if (!isCovered(quotes, position)) return true;
      }
      return false;
    });
}
