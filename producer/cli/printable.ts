/**
 * What agents and servers wrote is shown to people and must not drive their terminal:
 * escape sequences, control characters and marks that reorder text are taken out.
 */

// CSI, OSC and the other string sequences with their contents, then any single escape.
const sequences =
  /\u001b\[[0-?]*[ -/]*[@-~]|\u001b[\]PX^_][\s\S]*?(?:\u0007|\u001b\\|$)|\u009b[0-?]*[ -/]*[@-~]|\u001b[ -/]*[0-~]?/g;

// C0 without tab and newline, DEL, C1, line separators, bidirectional marks, invisible tags.
const unprintable =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e0fff}]/gu;

/** Text of any number of lines, safe to print; tabs and newlines stay. */
export function printable(text: string): string {
  return text.replace(sequences, "").replace(unprintable, "").toWellFormed();
}

/** One line of at most `width` characters; a longer one ends in an ellipsis. */
export function oneLine(text: string, width: number): string {
  const flat = printable(text).replace(/\s+/g, " ").trim();
  const characters = [...flat];
  return characters.length <= width ? flat : `${characters.slice(0, width - 1).join("")}…`;
}

/** JSON that is equal to the value and safe to print: what would not be is written as \uXXXX. */
export function printableJson(value: unknown, indent?: number): string {
  return JSON.stringify(value ?? null, null, indent).replace(
    /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e0fff}]/gu,
    (character) =>
      Array.from({ length: character.length }, (_, at) =>
        `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`,
      ).join(""),
  );
}
