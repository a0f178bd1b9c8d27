/** What is shown of a long line before and behind the place. */
const charsBefore = 70;
const charsBehind = 50;

/**
 * The line of a program that a stack begins with, and a caret under the place, as Node prints them. Empty where
 * no frame of the stack is in the program.
 */
export function excerptAt(code: string, stack: string): string {
  const [, row, column] = /\bprogram\.js:(\d+):(\d+)/.exec(stack) ?? [];
  const line = code.split("\n")[Number(row) - 1];
  if (line === undefined) return "";
  const index = Math.min(Number(column) - 1, line.length);
  const start = Math.max(0, index - charsBefore);
  const lead = start > 0 ? "…" : "";
  const end = index + charsBehind;
  const shown = `${lead}${line.slice(start, end)}${end < line.length ? "…" : ""}`;
  // Tabs stay tabs, so that the caret is under the place.
  const blank = `${lead}${line.slice(start, index)}`.replace(/[^\t]/g, " ");
  return `program.js:${row}\n${shown}\n${blank}^`;
}
