import { usageError } from "../exit.ts";
import type { CsvTable } from "./csv_table.ts";

const placeholder = /\{\{\s*([^{}]+?)\s*\}\}/g;

const columnsIn = (prompt: string): string[] =>
  [...prompt.matchAll(placeholder)].map(([, name = ""]) => name);

export const usesColumns = (prompt: string): boolean => columnsIn(prompt).length > 0;

/**
 * One task per row: the prompt with `{{column}}` filled in, and the row's `custom_id`. `hint` is added to
 * the error about an unknown column.
 */
export function tasksFromCsv(
  table: CsvTable,
  prompt: string,
  sharedFields: Record<string, unknown>,
  hint: string,
): Record<string, unknown>[] {
  const unknown = columnsIn(prompt).find((name) => !table.columns.includes(name));
  if (unknown !== undefined) {
    throw usageError(
      `--prompt names {{${unknown}}}, but the columns are: ${table.columns.join(", ")}${hint}`,
    );
  }
  const ids = customIds(table);
  return table.rows.map(({ cells }, index) => ({
    ...sharedFields,
    custom_id: ids[index],
    prompt: prompt.replace(
      placeholder,
      (_, name: string) => cells[table.columns.indexOf(name)] ?? "",
    ),
  }));
}

/** Custom ids from the column `custom_id`, or else `row-<n>`, counting from 1. */
export function customIds({ columns, rows }: CsvTable): string[] {
  const idColumn = columns.indexOf("custom_id");
  return rows.map(({ cells }, index) =>
    idColumn === -1 ? `row-${index + 1}` : (cells[idColumn] ?? ""),
  );
}
