/**
 * Replaces one piece of a text: an exact match, else one with other white space, and never one of several
 * matches. Pieces are cut and joined, so `$&` in a replacement has no special meaning.
 */
import { workspaceLimits } from "../../../shared/limits.ts";
import { type Err, err, ok, type Result } from "../../../shared/result.ts";

/** `line` is the changed line. `exact` is false when the white space differed. */
export interface Replacement {
  text: string;
  line: number;
  exact: boolean;
}

const linesShownMax = 5;

/** The text keeps its own line breaks; those of `oldText` and `newText` are converted to them. */
export function replaceOnce(
  text: string,
  oldText: string,
  newText: string,
): Result<Replacement, string> {
  if (oldText === "") return err("`old` is empty. To write a whole file, use write_file.");
  if (oldText === newText) return err("`old` and `new` are the same.");
  const lineBreak = lineBreakOf(text);
  const units = unitsOf(text);
  for (const needle of new Set([oldText, convertBreaks(oldText, lineBreak)])) {
    const { count, starts } = findMatches(units, unitsOf(needle));
    if (count > 1) return ambiguous(text, count, starts);
    const [at] = starts;
    if (at === undefined) continue;
    return ok(cutIn(text, at, at + needle.length, convertBreaks(newText, lineBreak), true));
  }
  return replaceLoosely(text, units, oldText, newText, lineBreak);
}

/** Any run of spaces matches any other, and so does any run of line breaks with the indentation around it. */
function replaceLoosely(
  text: string,
  units: Uint16Array,
  oldText: string,
  newText: string,
  lineBreak: string,
): Result<Replacement, string> {
  const collapsedNeedle = collapse(unitsOf(oldText.trim()));
  if (collapsedNeedle.length === 0) return err("`old` is not in the file.");
  const { count, starts } = findMatches(collapse(units), collapsedNeedle);
  if (count > 1) return ambiguous(text, count, originalIndexes(units, starts));
  const [match] = starts;
  if (match === undefined) {
    return err("`old` is not in the file. Read the file again and copy the piece from it.");
  }
  const [start = 0, last = 0] = originalIndexes(units, [match, match + collapsedNeedle.length - 1]);
  const insertion = reindent(newText.trim(), indentOf(oldText), indentBefore(text, start));
  if (insertion === null) return err("the edited file would be too large.");
  return ok(cutIn(text, start, last + 1, convertBreaks(insertion, lineBreak), false));
}

/**
 * Changes the indentation of all lines but the first from the model's to the file's. Null when that would be
 * larger than any file: an indentation may be megabytes long.
 */
function reindent(text: string, from: string, to: string): string | null {
  const lines = text.split(/\r?\n/);
  if (text.length + lines.length * to.length > workspaceLimits.fileBytesMax) return null;
  return lines
    .map((line, n) => (n > 0 && line.startsWith(from) ? to + line.slice(from.length) : line))
    .join("\n");
}

/** The indentation of the first line that is not blank. */
function indentOf(text: string): string {
  return /(?:^|\n)([^\S\n]*)(?=\S)/.exec(text)?.[1] ?? "";
}

/** The white space between the last visible character or line break and `position`. */
function indentBefore(text: string, position: number): string {
  let start = position;
  while (start > 0 && isSpace(text.charCodeAt(start - 1)) && text[start - 1] !== "\n") start -= 1;
  return text.slice(start, position);
}

const newline = 10;
const space = 32;
const otherSpaces = new Set("\u1680\u2028\u2029\u202f\u205f\u3000\ufeff".split("").map(codeOf));

/** The same as `\s` of a regular expression. */
function isSpace(unit: number): boolean {
  if (unit < 128) return unit === space || (unit >= 9 && unit <= 13);
  return unit === 0xa0 || (unit >= 0x2000 && unit <= 0x200a) || otherSpaces.has(unit);
}

function codeOf(char: string): number {
  return char.charCodeAt(0);
}

function unitsOf(text: string): Uint16Array {
  const units = new Uint16Array(text.length);
  for (let index = 0; index < text.length; index += 1) units[index] = text.charCodeAt(index);
  return units;
}

/** The index after a run of white space, and the one unit to which the run collapses. */
function spaceRun(units: Uint16Array, from: number): [end: number, unit: number] {
  let end = from;
  let unit = space;
  while (end < units.length && isSpace(units[end] ?? 0)) {
    if (units[end] === newline) unit = newline;
    end += 1;
  }
  return [end, unit];
}

/** Each run of white space becomes one newline or space. */
function collapse(units: Uint16Array): Uint16Array {
  const output = new Uint16Array(units.length);
  let length = 0;
  for (let index = 0; index < units.length; length += 1) {
    const unit = units[index] ?? 0;
    if (isSpace(unit)) {
      const [end, spaceUnit] = spaceRun(units, index);
      output[length] = spaceUnit;
      index = end;
    } else {
      output[length] = unit;
      index += 1;
    }
  }
  return output.subarray(0, length);
}

/** Where the units of the collapsed text, in ascending order, start in the original. */
function originalIndexes(units: Uint16Array, collapsedIndexes: readonly number[]): number[] {
  const indexes: number[] = [];
  let collapsedAt = 0;
  for (
    let index = 0;
    index < units.length && indexes.length < collapsedIndexes.length;
    collapsedAt += 1
  ) {
    while (collapsedIndexes[indexes.length] === collapsedAt) indexes.push(index);
    index = isSpace(units[index] ?? 0) ? spaceRun(units, index)[0] : index + 1;
  }
  return indexes;
}

/**
 * Counts all matches, including overlapping ones ("aa" occurs twice in "aaa"), and lists the first. Knuth,
 * Morris and Pratt: linear for every input, which `indexOf` is not.
 */
function findMatches(text: Uint16Array, piece: Uint16Array): { count: number; starts: number[] } {
  const borders = bordersOf(piece);
  const starts: number[] = [];
  let count = 0;
  let matchedChars = 0;
  for (let index = 0; index < text.length; index += 1) {
    while (matchedChars > 0 && text[index] !== piece[matchedChars])
      matchedChars = borders[matchedChars - 1] ?? 0;
    if (text[index] === piece[matchedChars]) matchedChars += 1;
    if (matchedChars < piece.length) continue;
    count += 1;
    if (starts.length < linesShownMax) starts.push(index - piece.length + 1);
    matchedChars = borders[matchedChars - 1] ?? 0;
  }
  return { count, starts };
}

/** For each prefix of the piece: the length of the longest shorter prefix that is also its end. */
function bordersOf(piece: Uint16Array): Uint32Array {
  const borders = new Uint32Array(piece.length);
  let length = 0;
  for (let index = 1; index < piece.length; index += 1) {
    while (length > 0 && piece[index] !== piece[length]) length = borders[length - 1] ?? 0;
    if (piece[index] === piece[length]) length += 1;
    borders[index] = length;
  }
  return borders;
}

function cutIn(
  text: string,
  start: number,
  end: number,
  newText: string,
  exact: boolean,
): Replacement {
  return {
    text: text.slice(0, start) + newText + text.slice(end),
    line: lineAt(text, start),
    exact,
  };
}

function ambiguous(text: string, count: number, starts: readonly number[]): Err<string> {
  const lines = starts.map((start) => lineAt(text, start));
  const suffix = count > linesShownMax ? ", …" : "";
  return err(
    `\`old\` occurs ${count} times in the file (at lines ${lines.join(", ")}${suffix}). Include more of the lines around the one you mean.`,
  );
}

function lineAt(text: string, position: number): number {
  let line = 1;
  for (let n = text.indexOf("\n"); n !== -1 && n < position; n = text.indexOf("\n", n + 1))
    line += 1;
  return line;
}

/** The line break that most lines end with. */
function lineBreakOf(text: string): "\n" | "\r\n" {
  let breaks = 0;
  let pairs = 0;
  for (
    let position = text.indexOf("\n");
    position !== -1;
    position = text.indexOf("\n", position + 1)
  ) {
    breaks += 1;
    if (text[position - 1] === "\r") pairs += 1;
  }
  return pairs * 2 > breaks ? "\r\n" : "\n";
}

const convertBreaks = (text: string, lineBreak: string): string =>
  text.replace(/\r?\n/g, () => lineBreak);
