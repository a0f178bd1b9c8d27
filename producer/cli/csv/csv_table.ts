import { CsvReader, type CsvRow } from "../../../shared/text/csv.ts";
import { usageError } from "../exit.ts";

/** A CSV file with a header. */
export interface CsvTable {
  columns: string[];
  rows: CsvRow[];
  /** True if the file starts with a byte order mark, by which Excel recognises UTF-8. */
  hasBom: boolean;
  delimiter: string;
}

/** The value of `--delimiter`: one character, or the word tab. */
export function parseDelimiter(value: string): string {
  if (value === "tab" || value === "\\t") return "\t";
  if (/^[^"\r\n]$/u.test(value)) return value;
  throw usageError('--delimiter takes one character, such as ";", or the word tab');
}

/** Without a `delimiter`, uses the one of Excel's line `sep=`, or a comma. */
export function parseCsv(text: string, delimiter: string | null): CsvTable {
  const reader = new CsvReader({ delimiter });
  const read = reader.push(text);
  const end = read.ok ? reader.end() : read;
  if (!read.ok || !end.ok) {
    const message = !read.ok ? read.error : end.ok ? "" : end.error;
    const hint = delimiterHint(text, reader.delimiter);
    throw usageError(`the CSV file cannot be read: ${message}${hint}`);
  }
  const rows = [...read.value, ...end.value];
  if (reader.columns === null || rows.length === 0) {
    throw usageError("the CSV file has no rows below its header: add at least one");
  }
  return { columns: reader.columns, rows, hasBom: reader.hasBom, delimiter: reader.delimiter };
}

/** Suggests another delimiter if the file seems to use one; else empty. */
export function delimiterHint(text: string, delimiter: string): string {
  const head = text.split(/\r\n|\n|\r/, 2).find((line) => !/^\ufeff?sep=/i.test(line)) ?? "";
  if (head.includes(delimiter)) return "";
  const likely = [";", "\t", "|"].find((other) => head.includes(other));
  if (likely === undefined) return "";
  return ` (if the columns are separated by ${likely === "\t" ? "tabs" : likely}, pass --delimiter "${likely === "\t" ? "tab" : likely}")`;
}
