/** What a model reads of a long tool output: its head, its tail, and where the rest is. */
import { outputPath } from "../../../shared/files/paths.ts";

/** Where the rest of an output is; without a tool that reads files it cannot be read. */
export function restHint(seq: number, canReadFiles: boolean): string {
  return canReadFiles
    ? `the whole output is the file ${outputPath(seq)}: read it in parts, or with run_code`
    : "ask for less at once";
}

/** The head and the tail of a text, cut between characters: the head says what it is, the tail how it ended. */
export function cutMiddle(text: string, charsMax: number, hint: string): string {
  if (text.length <= charsMax) return text.toWellFormed();
  const head = Math.floor(charsMax * 0.7);
  const tail = text.length - (charsMax - head);
  const omittedChars = text.length - charsMax;
  return [
    text.slice(0, splitsPair(text, head) ? head - 1 : head),
    `\n[${omittedChars} characters left out; ${hint}]\n`,
    text.slice(splitsPair(text, tail) ? tail + 1 : tail),
  ]
    .join("")
    .toWellFormed();
}

/** True when a cut here falls between the two halves of one character. */
function splitsPair(text: string, position: number): boolean {
  return /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(position - 1, position + 1));
}

/** A call's arguments with long texts cut, as JSON of the same shape. The files still have the full texts. */
export function cutArguments(value: unknown, charsMax: number): unknown {
  if (typeof value === "string") return cutMiddle(value, charsMax, "as they were sent");
  if (Array.isArray(value)) return value.map((item) => cutArguments(item, charsMax));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, cutArguments(inner, charsMax)]),
  );
}
