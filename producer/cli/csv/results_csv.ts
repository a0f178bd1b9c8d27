import type { ResultLine } from "../../api/batches/responses.ts";
import { printable } from "../output/printable.ts";
import type { CsvTable } from "./csv_table.ts";

/** A column: its name, and its cell for one task. */
interface Column {
  name: string;
  cell(line: ResultLine): string;
}

/**
 * One row per task. A batch that was made from a CSV file starts with that file's columns, unchanged; any
 * other starts with index and ids. A byte order mark of that file is kept. Then come the task's outcome, the fields of its output as
 * `output.<field>`, its error and its usage.
 */
export function resultsCsv(lines: readonly ResultLine[], input: CsvTable | null): string {
  const columns =
    input === null
      ? [
          ...plainColumns("index", "custom_id", "task_id"),
          ...outcome,
          ...outputColumns(lines),
          ...usage,
        ]
      : [
          ...inputColumns(input),
          ...withoutClashes(input, [
            ...outcome,
            ...outputColumns(lines),
            ...usage,
            ...plainColumns("task_id"),
          ]),
        ];
  const rows = lines.map((line) => columns.map(({ cell }) => cell(line)));
  const isInput = (name: string) => input?.columns.includes(name) === true;
  const head = columns.map(({ name }) => (isInput(name) ? quoteCell(name) : csvCell(name)));
  const text = [head, ...rows].map((row) => `${row.join(",")}\r\n`).join("");
  return input?.hasBom === true ? `\ufeff${text}` : text;
}

/** The user's own cells are written unchanged, even if they look like formulas. */
const inputColumns = (input: CsvTable): Column[] =>
  input.columns.map((name, column) => ({
    name,
    cell: ({ index }) => quoteCell(input.rows[index]?.cells[column] ?? ""),
  }));

/** A name that the user's file already has gets the prefix `fleet.`. */
const withoutClashes = (input: CsvTable, columns: readonly Column[]): Column[] =>
  columns.map(({ name, cell }) => ({
    name: input.columns.includes(name) ? `fleet.${name}` : name,
    cell,
  }));

const plainColumns = (
  ...names: ("index" | "custom_id" | "task_id" | "status" | "reason")[]
): Column[] => names.map((name) => ({ name, cell: (line) => csvCell(line[name]) }));

const outcome = plainColumns("status", "reason");

/** Outputs that are not objects share the column `output`. */
function outputColumns(lines: readonly ResultLine[]): Column[] {
  const outputs = lines.map(({ output }) => output);
  const fields = [...new Set(outputs.flatMap((output) => Object.keys(asObject(output) ?? {})))];
  const hasPlainOutput = outputs.some((output) => output != null && asObject(output) === null);
  return [
    ...(hasPlainOutput
      ? [
          {
            name: "output",
            cell: ({ output }: ResultLine) => csvCell(asObject(output) === null ? output : null),
          },
        ]
      : []),
    ...fields.map((field) => ({
      name: `output.${field}`,
      cell: ({ output }: ResultLine) => csvCell(asObject(output)?.[field]),
    })),
  ];
}

const usage: Column[] = [
  {
    name: "error",
    cell: ({ error }) => csvCell(error == null ? null : `${error.code}: ${error.message}`),
  },
  {
    name: "tokens",
    cell: ({ usage: used }) => csvCell(used.prompt_tokens + used.completion_tokens),
  },
  {
    name: "cost_usd",
    // A model without a known price is not free: an empty cell keeps sums over the column honest.
    cell: ({ usage: used }) =>
      csvCell(used.cost_usd === 0 && (used.unpriced_tokens ?? 0) > 0 ? null : used.cost_usd),
  },
];

function asObject(value: unknown): Record<string, unknown> | null {
  return value !== null && typeof value === "object" && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : null;
}

/**
 * One cell. Agents write the text, and people open the file in a terminal or a spreadsheet: control
 * characters are removed, and a part that a spreadsheet would run as a formula gets an apostrophe. Parts, and
 * not only cells: where the list separator is `;` or tab, a cell ends inside the quotes.
 */
function csvCell(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const isText = typeof value === "string";
  const text = printable(isText ? value : JSON.stringify(value)).replaceAll("\t", " ");
  const parts = text.split(/([,;|\n])/);
  return quoteCell(
    parts
      .map((part, index) => {
        const isInList = !isText && parts[index - 1] === "," && (parts[index + 1] ?? ",") === ",";
        return isInList && listedNumber.test(part) ? part : withoutFormula(part);
      })
      .join(""),
  );
}

/** A line of cells that are safe to open in a terminal or a spreadsheet. */
export const csvLine = (cells: readonly unknown[]): string => `${cells.map(csvCell).join(",")}\r\n`;

const listedNumber = /^-\d+(?:\.\d+)?(?:[eE][+-]?\d+)?[\]}]*$/;

function withoutFormula(part: string): string {
  const start = /^[\s"]*/.exec(part)?.[0] ?? "";
  const rest = part.slice(start.length);
  return /^[=+\-@＝＋－＠]/.test(rest) ? `${start}'${rest}` : part;
}

const quoteCell = (text: string): string =>
  /[",;|\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
