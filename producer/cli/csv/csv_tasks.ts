import { wrongUsage } from "../exit.ts";
import type { CsvTable } from "./csv_table.ts";

const slot = /\{\{\s*([^{}]+?)\s*\}\}/g;

const namesIn = (prompt: string): string[] =>
  [...prompt.matchAll(slot)].map(([, name = ""]) => name);

/** True where every row would get the same prompt. */
export const isSameForAll = (prompt: string): boolean => namesIn(prompt).length === 0;

/**
 * One task per row: the prompt with `{{column}}` filled in, and the row's `custom_id`. `hint` is
 * said beside a column that is not there.
 */
export function tasksOfCsv(
  table: CsvTable,
  prompt: string,
  shared: Record<string, unknown>,
  hint: string,
): Record<string, unknown>[] {
  const unknown = namesIn(prompt).find((name) => !table.columns.includes(name));
  if (unknown !== undefined) {
    throw wrongUsage(
      `--prompt names {{${unknown}}}, but the columns are: ${table.columns.join(", ")}${hint}`,
    );
  }
  const ids = customIds(table);
  return table.rows.map(({ cells }, at) => ({
    ...shared,
    custom_id: ids[at],
    prompt: prompt.replace(slot, (_, name: string) => cells[table.columns.indexOf(name)] ?? ""),
  }));
}

/** From the column of that name, else `row-<n>` counting from 1. */
export function customIds({ columns, rows }: CsvTable): string[] {
  const own = columns.indexOf("custom_id");
  return rows.map(({ cells }, at) => (own === -1 ? `row-${at + 1}` : (cells[own] ?? "")));
}
