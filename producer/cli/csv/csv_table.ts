import { CsvError, parse } from "csv-parse/sync";
import { csvLineEnds, withoutSeparatorLine } from "../../../shared/csv.ts";
import { usageError } from "../exit.ts";
import { counted } from "../output/format.ts";

/** A CSV file with a header. */
export interface CsvTable {
  columns: string[];
  rows: CsvRow[];
}

export interface CsvRow {
  /** The line of the file on which the row starts, from 1. */
  line: number;
  /** One cell per column. */
  cells: string[];
}

/** The value of `--delimiter`: one character, or the word tab. */
export function parseDelimiter(value: string): string {
  if (value === "tab" || value === "\\t") return "\t";
  if (/^[^"\r\n]$/u.test(value)) return value;
  throw usageError('--delimiter takes one character, such as ";", or the word tab');
}

export function parseCsv(text: string, delimiter: string): CsvTable {
  const [head, ...rows] = parseRows(text, delimiter);
  if (head === undefined || rows.length === 0) {
    throw usageError("the CSV file has no rows below its header: add at least one");
  }
  const columns = head.cells.map((name) => name.trim());
  const duplicate = columns.find((name, at) => name !== "" && columns.indexOf(name) < at);
  if (duplicate !== undefined) {
    throw usageError(`the CSV file has two columns "${duplicate}": rename one of them`);
  }
  const ragged = rows.find(({ cells }) => cells.length !== columns.length);
  if (ragged !== undefined) {
    const has = counted(ragged.cells.length, "cell");
    throw usageError(
      `line ${ragged.line} of the CSV file has ${has}, but the header has ${columns.length}: put a cell that contains "${delimiter}" in double quotes, or add the missing cells${delimiterHint(text, delimiter)}`,
    );
  }
  return { columns, rows };
}

/** Suggests another delimiter if the file seems to use one; else empty. */
export function delimiterHint(text: string, delimiter: string): string {
  const [head = ""] = text.split(/\r?\n/, 1);
  if (head.includes(delimiter)) return "";
  const likely = [";", "\t", "|"].find((other) => head.includes(other));
  if (likely === undefined) return "";
  return ` (if the columns are separated by ${likely === "\t" ? "tabs" : likely}, pass --delimiter "${likely === "\t" ? "tab" : likely}")`;
}

function parseRows(given: string, delimiter: string): CsvRow[] {
  if (given.includes("\u0000"))
    throw usageError("the CSV file is not UTF-8 text: save it as UTF-8");
  const text = withoutSeparatorLine(given);
  // The parser counts a quoted CR LF as two lines; its byte positions are correct.
  const bytes = Buffer.from(text);
  const ends: number[] = [];
  let records: string[][];
  try {
    records = parse(bytes, {
      delimiter,
      bom: true,
      // Files are joined from several programs: each line may end in its own way.
      record_delimiter: [...csvLineEnds],
      skip_empty_lines: true,
      // Rows of another length are reported by the caller, with the line of the file.
      relax_column_count: true,
      on_record: (record: string[], { bytes: end }) => {
        ends.push(end);
        return record;
      },
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw usageError(
      `the CSV file cannot be read: ${parseErrorText(error)}${delimiterHint(text, delimiter)}`,
    );
  }
  let line = text === given ? 1 : 2;
  let at = 0;
  const skip = (to: number, matches: (byte: number) => boolean): void => {
    for (; at < to && matches(bytes[at] ?? 0); at += 1) if (bytes[at] === newline) line += 1;
  };
  return records.map((cells, index) => {
    skip(bytes.length, (byte) => byte === newline || byte === carriageReturn);
    const row = { line, cells };
    skip(ends[index] ?? at, () => true);
    return row;
  });
}

function parseErrorText({ code, message, lines }: CsvError & { lines?: number }): string {
  switch (code) {
    case "CSV_QUOTE_NOT_CLOSED":
      return `a double quote is not closed, noticed on line ${lines}: close it, or double it if it is part of the text`;
    case "CSV_INVALID_CLOSING_QUOTE":
    case "INVALID_OPENING_QUOTE":
      return `line ${lines} has a double quote inside a cell: put the cell in double quotes, and double the quote inside`;
    default:
      return message;
  }
}

const newline = 0x0a;
const carriageReturn = 0x0d;
