// biome-ignore-all lint/suspicious/noControlCharactersInRegex: control characters are what this looks for.
/**
 * What agents, models and strangers wrote, made harmless to look at: what would reorder, hide or colour
 * text is shown as a mark of its own, so that a reader sees it and is not led by it. Pure.
 */

/** Controls but tab and newline, format characters (bidirectional marks, zero widths, tags), separators. */
const hidden = /[[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]--[\t\n]]/gv;

/** A colour or cursor command of a terminal: shown as one mark. */
const escapes =
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]{0,200}(?:\u0007|\u001b\\)|[@-Z\\-_])/g;

/** Combining marks without end pile up over the lines around them. */
const piles = /(\p{M}{4})\p{M}+/gu;

const mark = (character: string): string => {
  const code = character.codePointAt(0) ?? 0;
  // The pictures of the controls have a block of their own.
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  return `\u27e8U+${code.toString(16).toUpperCase().padStart(4, "0")}\u27e9`;
};

export function visible(text: string): string {
  return text
    .replaceAll("\r\n", "\n")
    .replace(escapes, "\u241b")
    .replace(hidden, mark)
    .replace(piles, "$1\u2026");
}

export interface Cut {
  shown: string;
  /** Characters that are not shown. */
  left: number;
}

/** The beginning of a text, and no line of it longer than a screen can lay out quickly. */
export function cutText(text: string, charsMax: number, lineCharsMax: number): Cut {
  const head = text.length <= charsMax ? text : text.slice(0, charsMax).toWellFormed();
  let lineCut = 0;
  const lines = head.split("\n").map((line) => {
    if (line.length <= lineCharsMax) return line;
    lineCut += line.length - lineCharsMax;
    return `${line.slice(0, lineCharsMax).toWellFormed()}\u2026`;
  });
  return { shown: visible(lines.join("\n")), left: text.length - head.length + lineCut };
}

/** One line for a table's cell. */
export function oneLine(text: string, charsMax: number): string {
  const flat = visible(text.slice(0, charsMax * 4))
    .replace(/\s+/g, " ")
    .trim();
  const characters = [...flat];
  return characters.length <= charsMax
    ? flat
    : `${characters.slice(0, charsMax - 1).join("")}\u2026`;
}

/** A value as a person reads it: text as it is, everything else as JSON. */
export function readable(value: unknown): string {
  if (typeof value === "string") return value;
  return JSON.stringify(value ?? null, null, 2);
}
