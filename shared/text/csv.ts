/**
 * CSV as people have it: comma or another separator, line ends of any kind and mixed, a byte order mark,
 * Excel's first line `sep=;`, quoted cells with separators, quotes and line breaks. Read in pieces, so that
 * a large file needs little memory.
 */
import { err, ok, type Result } from "../result.ts";

export interface CsvRow {
  /** The line of the file on which the row starts, from 1. */
  line: number;
  /** One cell for each column. */
  cells: string[];
}

export interface CsvOptions {
  /** One character; null: that of a line `sep=`, or a comma. */
  delimiter?: string | null;
  /** A longer row is an error. */
  rowCharsMax?: number;
}

/** The message for bytes that are not UTF-8. */
export const csvNotUtf8 = "the CSV file is not UTF-8 text: save it as UTF-8";

/** Enough to see a byte order mark and a line `sep=;`. */
const startChars = 8;

export class CsvReader {
  /** The names of the header, trimmed; null until it was read. */
  columns: string[] | null = null;
  hasBom = false;
  delimiter: string;
  readonly #ownDelimiter: boolean;
  readonly #rowCharsMax: number;
  /** The first characters, until there are enough; null afterwards. */
  #start: string | null = "";
  #line = 1;
  #rowLine = 1;
  #cells: string[] = [];
  /** Of the finished cells of this row. */
  #cellChars = 0;
  #cell = "";
  /** `closed`: after the second quote of a quoted cell, which may be half of a doubled one. */
  #state: "begin" | "plain" | "quoted" | "closed" = "begin";
  #quoteLine = 0;
  #afterReturn = false;
  #rows: CsvRow[] = [];

  constructor({ delimiter = null, rowCharsMax = Number.POSITIVE_INFINITY }: CsvOptions = {}) {
    this.delimiter = delimiter ?? ",";
    this.#ownDelimiter = delimiter !== null;
    this.#rowCharsMax = rowCharsMax;
  }

  /** The rows that the text completes. After an error the reader must not be used again. */
  push(text: string): Result<CsvRow[], string> {
    if (this.#start === null) return this.#read(text);
    this.#start += text;
    return this.#start.length < startChars ? ok([]) : this.#read(this.#takeStart());
  }

  /** The last row, which may have no line end. */
  end(): Result<CsvRow[], string> {
    const read = this.#start === null ? ok([]) : this.#read(this.#takeStart());
    if (!read.ok) return read;
    if (this.#state === "quoted") {
      return err(
        `a double quote is not closed, opened on line ${this.#quoteLine}: close it, or double it if it is part of the text`,
      );
    }
    const fault = this.#endRow();
    return fault === null ? ok([...read.value, ...this.#takeRows()]) : err(fault);
  }

  /** The start without the byte order mark and the line `sep=`. */
  #takeStart(): string {
    let text = this.#start ?? "";
    this.#start = null;
    if (text.startsWith("\ufeff")) {
      this.hasBom = true;
      text = text.slice(1);
    }
    const [line, separator] = /^sep=([^"\r\n])(?:\r\n|\n|\r)/i.exec(text) ?? [];
    if (line === undefined || separator === undefined) return text;
    if (!this.#ownDelimiter) this.delimiter = separator;
    this.#line = 2;
    this.#rowLine = 2;
    this.#afterReturn = line.endsWith("\r");
    return text.slice(line.length);
  }

  #read(text: string): Result<CsvRow[], string> {
    if (text.includes("\0")) return err(csvNotUtf8);
    let from = 0;
    for (let position = 0; position < text.length; position += 1) {
      const char = text[position] ?? "";
      const wasReturn = this.#afterReturn;
      this.#afterReturn = char === "\r";
      // The line feed of a CR LF that has ended a row; inside quotes it is text and starts no new line.
      if (char === "\n" && wasReturn) {
        if (this.#state === "quoted") continue;
        from = position + 1;
        continue;
      }
      const fault = this.#step(char, text, from, position);
      if (typeof fault === "string") return err(fault);
      from = fault ?? from;
    }
    this.#cell += this.#state === "closed" ? "" : text.slice(from);
    if (this.#cellChars + this.#cell.length > this.#rowCharsMax) return err(this.#tooLong());
    return ok(this.#takeRows());
  }

  /** Processes one character. Returns where the next piece of a cell starts if this one ended, or what is wrong. */
  #step(char: string, text: string, from: number, position: number): number | string | null {
    switch (this.#state) {
      case "quoted":
        if (char === '"') {
          this.#cell += text.slice(from, position);
          this.#state = "closed";
          return position + 1;
        }
        if (char === "\n" || char === "\r") this.#line += 1;
        return null;
      case "closed":
        if (char === '"') {
          // A doubled quote means one quote.
          this.#state = "quoted";
          return position;
        }
        if (char === this.delimiter || char === "\n" || char === "\r") {
          return this.#endCell(char, position);
        }
        return this.#quoteInside();
      case "begin":
        if (char === '"') {
          this.#state = "quoted";
          this.#quoteLine = this.#line;
          return position + 1;
        }
        if (char !== this.delimiter && char !== "\n" && char !== "\r") this.#state = "plain";
        else return this.#endCell(char, position);
        return null;
      case "plain":
        if (char === '"') return this.#quoteInside();
        if (char !== this.delimiter && char !== "\n" && char !== "\r") return null;
        this.#cell += text.slice(from, position);
        return this.#endCell(char, position);
    }
  }

  #endCell(char: string, position: number): number | string {
    if (char === this.delimiter) {
      this.#cells.push(this.#cell);
      this.#cellChars += this.#cell.length;
      this.#cell = "";
      this.#state = "begin";
      return position + 1;
    }
    const fault = this.#endRow();
    this.#line += 1;
    this.#rowLine = this.#line;
    return fault ?? position + 1;
  }

  /** Ends a row and ignores a blank line. Returns the error of an invalid row, else null. */
  #endRow(): string | null {
    const isBlank = this.#cells.length === 0 && this.#cell === "" && this.#state === "begin";
    if (isBlank) return null;
    const chars = this.#cellChars + this.#cell.length;
    this.#cells.push(this.#cell);
    const row = { line: this.#rowLine, cells: this.#cells };
    this.#cells = [];
    this.#cellChars = 0;
    this.#cell = "";
    this.#state = "begin";
    if (chars > this.#rowCharsMax) return this.#tooLong();
    if (this.columns === null) return this.#readHeader(row.cells);
    if (row.cells.length !== this.columns.length) return this.#raggedRow(row, this.columns.length);
    this.#rows.push(row);
    return null;
  }

  #readHeader(cells: readonly string[]): string | null {
    const columns = cells.map((name) => name.trim());
    const names = new Set<string>();
    for (const name of columns) {
      if (names.has(name)) return `the CSV file has two columns "${name}": rename one of them`;
      if (name !== "") names.add(name);
    }
    this.columns = columns;
    return null;
  }

  #takeRows(): CsvRow[] {
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }

  #raggedRow({ line, cells }: CsvRow, columns: number): string {
    const has = `${cells.length} cell${cells.length === 1 ? "" : "s"}`;
    return `line ${line} of the CSV file has ${has}, but the header has ${columns}: put a cell that contains "${this.delimiter}" in double quotes, or add the missing cells`;
  }

  #quoteInside(): string {
    return `line ${this.#line} has a double quote inside a cell: put the cell in double quotes, and double the quote inside`;
  }

  #tooLong(): string {
    return `line ${this.#rowLine} of the CSV file is longer than ${this.#rowCharsMax} characters`;
  }
}
