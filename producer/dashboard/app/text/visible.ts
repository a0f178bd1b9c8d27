// biome-ignore-all lint/suspicious/noControlCharactersInRegex: it matches control characters on purpose.
/**
 * Makes untrusted text safe to read: characters that reorder, hide or colour text are replaced by visible
 * marks, so that they cannot mislead. Pure.
 */
import { oneLine } from "../../../../shared/text/one_line.ts";

/** Controls except tab and newline, format characters (bidirectional, zero-width, tags), separators. */
const hidden = /[[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]--[\t\n]]/gv;

/** Escape sequences of a terminal; each is replaced by one mark. */
const escapes =
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]{0,200}(?:\u0007|\u001b\\)|[@-Z\\-_])/g;

/** Long runs of combining marks, which would cover the lines around them. */
const combiningRuns = /(\p{M}{4})\p{M}+/gu;

const mark = (character: string): string => {
  const code = character.codePointAt(0) ?? 0;
  // Unicode has a block of pictures for control characters.
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  return `\u27e8U+${code.toString(16).toUpperCase().padStart(4, "0")}\u27e9`;
};

export function makeVisible(text: string): string {
  return text
    .replaceAll("\r\n", "\n")
    .replace(escapes, "\u241b")
    .replace(hidden, mark)
    .replace(combiningRuns, "$1\u2026");
}

export interface CutText {
  text: string;
  charsHidden: number;
}

/** The start of a text, with each line cut to a length that a browser lays out quickly. */
export function cutText(text: string, charsMax: number, lineCharsMax: number): CutText {
  const head = text.length <= charsMax ? text : text.slice(0, charsMax).toWellFormed();
  let lineCharsHidden = 0;
  const lines = head.split("\n").map((line) => {
    if (line.length <= lineCharsMax) return line;
    lineCharsHidden += line.length - lineCharsMax;
    return `${line.slice(0, lineCharsMax).toWellFormed()}\u2026`;
  });
  return {
    text: makeVisible(lines.join("\n")),
    charsHidden: text.length - head.length + lineCharsHidden,
  };
}

/** Untrusted text as one safe line. */
export function visibleLine(text: string, charsMax: number): string {
  return oneLine(makeVisible(text.slice(0, charsMax * 4)), charsMax);
}

/** Text unchanged, everything else as indented JSON. */
export function formatValue(value: unknown): string {
  if (typeof value === "string") return value;
  return JSON.stringify(value ?? null, null, 2);
}
