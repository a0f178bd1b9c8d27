import { stripVTControlCharacters } from "node:util";
import { oneLine } from "../../../shared/text/one_line.ts";

/**
 * Text of agents and servers must not control the terminal that shows it: escape sequences, control
 * characters and marks that reorder text are removed.
 */

/** Controls except tab and newline, format characters (bidirectional marks, tags), line separators. */
const unprintable = /[[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]--[\t\n]]/gv;

/** Text that is safe to print; tabs and newlines stay. */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(unprintable, "").toWellFormed();
}

/** One line of at most `width` characters; a longer text ends in an ellipsis. */
export function printableLine(text: string, width: number): string {
  return oneLine(printable(text), width);
}

/** JSON of the value that is safe to print: unsafe characters are written as \uXXXX. */
export function printableJson(value: unknown, indent?: number): string {
  return JSON.stringify(value ?? null, null, indent).replace(unprintable, (character) =>
    Array.from(
      { length: character.length },
      (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`,
    ).join(""),
  );
}
