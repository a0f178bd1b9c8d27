import { stripVTControlCharacters } from "node:util";

/**
 * What agents and servers wrote is shown to people and must not drive their terminal:
 * escape sequences, control characters and marks that reorder text are taken out.
 */

/** Controls but tab and newline, format characters (bidirectional marks, tags), line separators. */
const unprintable = /[[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]--[\t\n]]/gv;

/** Text of any number of lines, safe to print; tabs and newlines stay. */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(unprintable, "").toWellFormed();
}

/** One line of at most `width` characters; a longer one ends in an ellipsis. */
export function oneLine(text: string, width: number): string {
  const flat = printable(text).replace(/\s+/g, " ").trim();
  const characters = [...flat];
  return characters.length <= width ? flat : `${characters.slice(0, width - 1).join("")}…`;
}

/** JSON that is equal to the value and safe to print: what would not be is written as \uXXXX. */
export function printableJson(value: unknown, indent?: number): string {
  return JSON.stringify(value ?? null, null, indent).replace(unprintable, (character) =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`,
    ).join(""),
  );
}
