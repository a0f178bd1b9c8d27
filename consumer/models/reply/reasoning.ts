import { checkpointMark } from "../call_formats/checkpoint_mark.ts";
import { isCovered, quotedSpans, type Span } from "../call_formats/quoted.ts";
import { splitHarmony } from "./harmony_channels.ts";
import type { VisibleText } from "./visible_text.ts";

const names = ["think", "thinking", "thought", "reasoning", "seed:think", "longcat_think"].concat([
  "mm:think",
  "ifm|think",
  "ifm|think_fast",
  "ifm|think_faster",
]);

/** The marks around reasoning, of every family; an opening mark counts only where a line starts with it. */
export const reasoningMarks: readonly (readonly [open: string, close: string])[] = [
  ...names.map((name) => [`<${name}>`, `</${name}>`] as const),
  ["[THINK]", "[/THINK]"],
  ["<|START_THINKING|>", "<|END_THINKING|>"],
  ["<|channel>thought", "<channel|>"],
  ["<|inner_prefix|>", "<|inner_suffix|>"],
  ["<|begin_of_thought|>", "<|end_of_thought|>"],
  ["◁think▷", "◁/think▷"],
  ["<|open|>think<|sep|>", "<|close|>think<|sep|>"],
  ["<|plamo:begin_think:plamo|>", "<|plamo:end_think:plamo|>"],
  ["Here is my thought process:", "Here is my response:"],
];

/** The marks, and those of Hunyuan 4, whose tags end in a mark of the checkpoint. */
function marksIn(text: string): typeof reasoningMarks {
  const suffix = checkpointMark(text);
  return suffix === null
    ? reasoningMarks
    : [...reasoningMarks, [`<think${suffix}>`, `</think${suffix}>`]];
}

/** Marks that only separate reasoning from the answer: everything before them is reasoning. */
const dividers: readonly string[] = ["[BEGIN FINAL RESPONSE]"];

/** Marks around the answer itself. */
const answerMarks: readonly (readonly [open: string, close: string])[] = [
  ["<|START_RESPONSE|>", "<|END_RESPONSE|>"],
  ["<|START_TEXT|>", "<|END_TEXT|>"],
  ["<|begin_of_solution|>", "<|end_of_solution|>"],
  ["<answer>", "</answer>"],
  ["<|open|>response<|sep|>", "<|close|>response<|sep|>"],
  ["<response>", "</response>"],
];

/** Tokens that end a reply and have no meaning. */
const endTokens =
  /(?:\s|<\|close\|>message<\|sep\|>|<\|plamo:tag\|>|<\|(?:end_of_msg|eom|eot|end_message|im_end|eot_id|eom_id|end_of_text|endoftext|end|return|END_OF_TURN_TOKEN|assistant_end|role_end|message_end|eos|tool_response)\|?>|<｜end▁of▁sentence｜>|<\/s>|<eos>|<end_of_turn>|<turn\|>|<SPECIAL_\d{1,4}>|\[END FINAL RESPONSE\]|\[EO[ST]\])+$/;

/** The text without the tokens that end it. */
export function withoutEndTokens(text: string): string {
  // Only the tail is read: the pattern is anchored at the end, and a search from each start is not linear.
  const from = Math.max(0, text.length - 400);
  return text.slice(0, from) + text.slice(from).replace(endTokens, "");
}

/**
 * Takes the reasoning off a text: blocks at its front or at the start of a line, and what is in front
 * of a closing mark without an opening one, since templates often hold the opening. A mark inside
 * code or a sentence is quoted. A block that never closes is all reasoning: a reply that was cut there
 * holds no answer.
 */
export function splitReasoning(replyText: string): VisibleText {
  const parts: string[] = [];
  const harmony = splitHarmony(takeBlocks(replyText, parts));
  const rest = takeStray(harmony.text, parts);
  const hasReasoning = parts.length > 0;
  const quirks = [...harmony.quirks];
  if (hasReasoning) quirks.push("thinking_in_text");
  return {
    text: answerIn(hasReasoning ? rest.trimStart() : rest),
    reasoning: [harmony.reasoning, ...parts.map((part) => part.trim())]
      .filter((part) => part !== "")
      .join("\n"),
    quirks,
  };
}

function takeBlocks(text: string, parts: string[]): string {
  const quotes = quotedSpans(text);
  const marks = marksIn(text);
  // The next position of each mark. It is searched again only after it is passed, so the work stays linear.
  const next = marks.map(([open]) => text.indexOf(open));
  let rest = "";
  let position = 0;
  for (;;) {
    marks.forEach(([open], index) => {
      let start = next[index] ?? -1;
      while (start !== -1 && !opensAt(text, start, position, quotes))
        start = text.indexOf(open, start + 1);
      next[index] = start;
    });
    const starts = next.filter((start) => start !== -1);
    if (starts.length === 0) return rest + text.slice(position);
    const start = Math.min(...starts);
    const [open, close] = marks[next.indexOf(start)] ?? ["", ""];
    rest += text.slice(position, start);
    const from = start + open.length;
    const end = text.indexOf(close, from);
    parts.push(text.slice(from, end === -1 ? text.length : end));
    if (end === -1) return rest;
    position = end + close.length;
  }
}

/** An opening mark counts at the start of a line, or directly after the previous block. */
function opensAt(text: string, start: number, position: number, quotes: readonly Span[]): boolean {
  if (start < position || isCovered(quotes, start)) return false;
  const before = text.slice(Math.max(position, start - 80), start);
  return (before.trim() === "" && start - position <= 80) || /\n[ \t]*$/.test(before);
}

function takeStray(text: string, parts: string[]): string {
  const quotes = quotedSpans(text);
  let cut: { from: number; to: number } | null = null;
  for (const mark of [...marksIn(text).map(([, close]) => close), ...dividers]) {
    for (let from = text.indexOf(mark); from !== -1; from = text.indexOf(mark, from + 1)) {
      const to = from + mark.length;
      const ends = /^[ \t]*(?:\r?\n|$)/.test(text.slice(to, to + 40));
      // Inside a sentence, with words on both sides, the mark is only mentioned.
      const closes = /(?:^|[.!?:;)\]}>"'…。！？\n]\s*|\S)$/.test(
        text.slice(Math.max(0, from - 8), from),
      );
      if (!isCovered(quotes, from) && (ends || closes) && (cut === null || to > cut.to))
        cut = { from, to };
    }
  }
  if (cut === null) return text;
  parts.push(text.slice(0, cut.from));
  return text.slice(cut.to);
}

function answerIn(text: string): string {
  const cleanText = withoutEndTokens(text).trim();
  for (const [open, close] of answerMarks) {
    if (!cleanText.startsWith(open)) continue;
    const inner = cleanText.slice(open.length);
    const end = inner.indexOf(close);
    if (end === -1) return inner.trim();
    if (inner.slice(end + close.length).trim() === "") return inner.slice(0, end).trim();
    return `${inner.slice(0, end).trim()}\n${inner.slice(end + close.length).trim()}`;
  }
  return text;
}
