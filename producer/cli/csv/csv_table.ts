import { CsvError, parse } from "csv-parse/sync";
import { wrongUsage } from "../exit.ts";
import { counted } from "../output/format.ts";

/** A CSV file with a header, read whole. */
export interface CsvTable {
  columns: string[];
  rows: CsvRow[];
}

export interface CsvRow {
  /** The file's line on which the row begins, from 1. */
  line: number;
  /** One cell a column. */
  cells: string[];
}

/** What `--delimiter` was given: one character, or the word tab. */
export function delimiterOf(given: string): string {
  if (given === "tab" || given === "\\t") return "\t";
  if (/^[^"\r\n]$/u.test(given)) return given;
  throw wrongUsage('--delimiter takes one character, such as ";", or the word tab');
}

export function readCsv(text: string, delimiter: string): CsvTable {
  const [head, ...rows] = records(text, delimiter);
  if (head === undefined || rows.length === 0) {
    throw wrongUsage("the CSV file has no row under its header");
  }
  const columns = head.cells.map((name) => name.trim());
  const twice = columns.find((name, at) => name !== "" && columns.indexOf(name) < at);
  if (twice !== undefined) {
    throw wrongUsage(`the column "${twice}" stands twice in the CSV file: rename one of them`);
  }
  const ragged = rows.find(({ cells }) => cells.length !== columns.length);
  if (ragged !== undefined) {
    const has = counted(ragged.cells.length, "cell");
    throw wrongUsage(
      `line ${ragged.line} of the CSV file has ${has} under a header of ${columns.length}: put a cell that holds "${delimiter}" into double quotes, or add what is missing${delimiterHint(text, delimiter)}`,
    );
  }
  return { columns, rows };
}

/** Names the delimiter that a file seems to have instead of this one; empty where none does. */
export function delimiterHint(text: string, delimiter: string): string {
  const [head = ""] = text.split(/\r?\n/, 1);
  if (head.includes(delimiter)) return "";
  const likely = [";", "\t", "|"].find((other) => head.includes(other));
  if (likely === undefined) return "";
  return ` (if the columns are parted by ${likely === "\t" ? "tabs" : likely}, pass --delimiter "${likely === "\t" ? "tab" : likely}")`;
}

function records(text: string, delimiter: string): CsvRow[] {
  // The parser's own count of lines takes a quoted CR LF for two; its count of bytes is right.
  const bytes = Buffer.from(text);
  const ends: number[] = [];
  let read: string[][];
  try {
    read = parse(bytes, {
      delimiter,
      bom: true,
      skip_empty_lines: true,
      // Rows of another length are told with the file's own line.
      relax_column_count: true,
      on_record: (record: string[], { bytes: end }) => {
        ends.push(end);
        return record;
      },
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw wrongUsage(
      `the CSV file cannot be read: ${faultOf(error)}${delimiterHint(text, delimiter)}`,
    );
  }
  let line = 1;
  let at = 0;
  const skip = (to: number, passes: (byte: number) => boolean): void => {
    for (; at < to && passes(bytes[at] ?? 0); at += 1) if (bytes[at] === newline) line += 1;
  };
  return read.map((cells, index) => {
    skip(bytes.length, (byte) => byte === newline || byte === carriageReturn);
    const row = { line, cells };
    skip(ends[index] ?? at, () => true);
    return row;
  });
}

/** The parser's faults in words for the person who can mend them. */
function faultOf({ code, message, lines }: CsvError & { lines?: number }): string {
  switch (code) {
    case "CSV_QUOTE_NOT_CLOSED":
      return `a double quote is opened and not closed, seen on line ${lines}: close it, or double one that is meant`;
    case "CSV_INVALID_CLOSING_QUOTE":
    case "INVALID_OPENING_QUOTE":
      return `line ${lines} has a double quote within a cell: put the cell into double quotes, and double the one that is meant`;
    default:
      return message;
  }
}

const newline = 0x0a;
const carriageReturn = 0x0d;
