/**
 * Replaces one piece of a text: an exact match, else one with other white space, and never one of several
 * matches. Pieces are cut and joined, so `$&` in a replacement has no special meaning.
 */
import { type Err, err, ok, type Result } from "../../../shared/result.ts";

/** `line` is that of the change. `exact`: false when the white space differed. */
export interface Replacement {
  text: string;
  line: number;
  exact: boolean;
}

const linesShownMax = 5;

/** The text keeps its own line breaks: those of `old` and `by` are converted to them. */
export function replaceOnce(text: string, old: string, by: string): Result<Replacement, string> {
  if (old === "") return err("`old` is empty. To write a whole file, use write_file.");
  if (old === by) return err("`old` and `new` are the same.");
  const lineBreak = lineBreakOf(text);
  for (const wanted of new Set([old, convertBreaks(old, lineBreak)])) {
    const matches = findAll(text, wanted);
    if (matches.length > 1) return ambiguous(text, matches);
    const [at] = matches;
    if (at === undefined) continue;
    return ok(cutIn(text, at, at + wanted.length, convertBreaks(by, lineBreak), true));
  }
  return replaceLoosely(text, old, by, lineBreak);
}

/** Any run of spaces matches any other, and so does any run of line breaks with the indentation around it. */
function replaceLoosely(
  text: string,
  old: string,
  by: string,
  lineBreak: string,
): Result<Replacement, string> {
  const wanted = collapse(old).text.trim();
  if (wanted === "") return err("`old` is not in the file.");
  const collapsed = collapse(text);
  const matches = findAll(collapsed.text, wanted);
  if (matches.length > 1) {
    return ambiguous(
      text,
      matches.map((match) => collapsed.from[match] ?? 0),
    );
  }
  const [match] = matches;
  if (match === undefined) {
    return err("`old` is not in the file. Read the file again and copy the piece from it.");
  }
  const start = collapsed.from[match] ?? 0;
  const end = (collapsed.from[match + wanted.length - 1] ?? 0) + 1;
  const indent = /[^\S\n]*$/.exec(text.slice(0, start))?.[0] ?? "";
  const inserted = reindent(by.trim(), indentOf(old), indent);
  return ok(cutIn(text, start, end, convertBreaks(inserted, lineBreak), false));
}

/** Changes the indentation of all lines but the first from the model's to the file's. */
function reindent(text: string, from: string, to: string): string {
  return text
    .split(/\r?\n/)
    .map((line, n) => (n > 0 && line.startsWith(from) ? to + line.slice(from.length) : line))
    .join("\n");
}

/** The indentation of the first line that is not blank. */
function indentOf(text: string): string {
  return /(?:^|\n)([^\S\n]*)(?=\S)/.exec(text)?.[1] ?? "";
}

/** Collapses each run of white space to one character. `from`: the index of each character in `text`. */
function collapse(text: string): { text: string; from: number[] } {
  const parts: string[] = [];
  const from: number[] = [];
  for (const run of text.matchAll(/(\s+)|\S+/g)) {
    if (run[1] !== undefined) {
      parts.push(run[1].includes("\n") ? "\n" : " ");
      from.push(run.index);
    } else {
      parts.push(run[0]);
      for (let n = 0; n < run[0].length; n++) from.push(run.index + n);
    }
  }
  return { text: parts.join(""), from };
}

/** All matches of a piece, including overlapping ones: "aa" occurs twice in "aaa". */
function findAll(text: string, piece: string): number[] {
  const matches: number[] = [];
  for (let at = text.indexOf(piece); at !== -1; at = text.indexOf(piece, at + 1)) matches.push(at);
  return matches;
}

function cutIn(text: string, start: number, end: number, by: string, exact: boolean): Replacement {
  return { text: text.slice(0, start) + by + text.slice(end), line: lineAt(text, start), exact };
}

function ambiguous(text: string, matches: readonly number[]): Err<string> {
  const lines = matches.slice(0, linesShownMax).map((at) => lineAt(text, at));
  const more = matches.length > linesShownMax ? ", …" : "";
  return err(
    `\`old\` occurs ${matches.length} times in the file (at lines ${lines.join(", ")}${more}). Include more of the lines around the one you mean.`,
  );
}

function lineAt(text: string, at: number): number {
  let line = 1;
  for (let n = text.indexOf("\n"); n !== -1 && n < at; n = text.indexOf("\n", n + 1)) line += 1;
  return line;
}

/** The line break that most lines end with. */
function lineBreakOf(text: string): "\n" | "\r\n" {
  const pairs = findAll(text, "\r\n").length;
  return pairs * 2 > findAll(text, "\n").length ? "\r\n" : "\n";
}

const convertBreaks = (text: string, lineBreak: string): string =>
  text.replace(/\r?\n/g, () => lineBreak);
