import type { Edit } from "./edits.ts";

/** By line: from which column on, how many characters were inserted before: `[column, characters]`. */
export type Columns = Record<number, [from: number, shift: number][]>;

/** Where the edits moved the columns of a program; lines are kept. `lead` is inserted before the first line. */
export function columnsOf(text: string, edits: readonly Edit[], lead: number): Columns {
  const columns: Columns = lead === 0 ? {} : { 1: [[1, lead]] };
  let line = 1;
  let lineStart = 0;
  let position = 0;
  for (const { start, end, text: replacement } of edits) {
    for (; position < start; position += 1) {
      if (text[position] !== "\n") continue;
      line += 1;
      lineStart = position + 1;
    }
    if (text.slice(start, end).includes("\n")) continue;
    const list = columns[line] ?? [];
    const before = list.at(-1)?.[1] ?? 0;
    const shift = before + replacement.length - (end - start);
    list.push([start - lineStart + 1 + before + replacement.length, shift]);
    columns[line] = list;
  }
  return columns;
}

/** The column in the agent's own text. */
export function ownColumn(columns: Columns, line: number, column: number): number {
  let shift = 0;
  for (const [from, characters] of columns[line] ?? []) if (from <= column) shift = characters;
  return Math.max(1, column - shift);
}

/** The columns of a program after more text was inserted before its first line. */
export function movedBy(columns: Columns, lead: number): Columns {
  const first = columns[1] ?? [[1, 0]];
  return {
    ...columns,
    1: first.map(([from, shift]) => [from === 1 ? 1 : from + lead, shift + lead]),
  };
}
