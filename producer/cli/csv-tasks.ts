import { CsvError, parse } from "csv-parse/sync";
import { wrongUsage } from "./exit.ts";

const slot = /\{\{\s*([^{}]+?)\s*\}\}/g;

/**
 * One task per row of a CSV file with a header: the prompt with `{{column}}` filled in, and
 * `custom_id` from the column of that name, else `row-<n>` counting from 1.
 */
export function tasksOfCsv(
  csv: string,
  prompt: string,
  shared: Record<string, unknown>,
): Record<string, unknown>[] {
  const rows = readRows(csv);
  const [first] = rows;
  if (first === undefined) throw wrongUsage("the CSV file has no row under its header");
  const columns = Object.keys(first);
  const unknown = [...prompt.matchAll(slot)]
    .map(([, name = ""]) => name)
    .filter((name) => !columns.includes(name));
  if (unknown.length > 0) {
    throw wrongUsage(
      `--prompt names {{${unknown[0]}}}, but the columns are: ${columns.join(", ")}`,
    );
  }
  return rows.map((row, at) => ({
    ...shared,
    custom_id: row.custom_id ?? `row-${at + 1}`,
    prompt: prompt.replace(slot, (_, name: string) => row[name] ?? ""),
  }));
}

function readRows(csv: string): Record<string, string>[] {
  try {
    return parse(csv, { columns: true, bom: true, skip_empty_lines: true, trim: false });
  } catch (error) {
    if (error instanceof CsvError)
      throw wrongUsage(`the CSV file cannot be read: ${error.message}`);
    throw error;
  }
}
