import type { ResultLine } from "../../api/batches/responses.ts";
import type { CsvTable } from "./csv_table.ts";

/** A column: its name, and what stands in it for a task. */
interface Column {
  name: string;
  cell(line: ResultLine): string;
}

/**
 * One row a task. A batch that was made from a CSV file has that file's columns first, as they
 * stand there; any other has its index and ids. Then how each task ended, the fields of its answer
 * as `output.<field>`, its error and what it used.
 */
export function resultsCsv(lines: readonly ResultLine[], input: CsvTable | null): string {
  const columns =
    input === null
      ? [...plain("index", "custom_id", "task_id"), ...ending, ...answer(lines), ...spent]
      : [
          ...given(input),
          ...apart(input, [...ending, ...answer(lines), ...spent, ...plain("task_id")]),
        ];
  const rows = lines.map((line) => columns.map(({ cell }) => cell(line)));
  return [columns.map(({ name }) => quoted(name)), ...rows]
    .map((row) => `${row.join(",")}\r\n`)
    .join("");
}

/** The person's own cells are written as they were read, those that look like formulas too. */
const given = (input: CsvTable): Column[] =>
  input.columns.map((name, at) => ({
    name,
    cell: ({ index }) => quoted(input.rows[index]?.cells[at] ?? ""),
  }));

/** A name that the person's file has already gets the fleet's before it. */
const apart = (input: CsvTable, columns: readonly Column[]): Column[] =>
  columns.map(({ name, cell }) => ({
    name: input.columns.includes(name) ? `fleet.${name}` : name,
    cell,
  }));

const plain = (...names: ("index" | "custom_id" | "task_id" | "status" | "reason")[]): Column[] =>
  names.map((name) => ({ name, cell: (line) => csvCell(line[name]) }));

const ending = plain("status", "reason");

/** Answers that are no objects stand in one column of their own. */
function answer(lines: readonly ResultLine[]): Column[] {
  const outputs = lines.map(({ output }) => output);
  const fields = [...new Set(outputs.flatMap((output) => Object.keys(asObject(output) ?? {})))];
  const bare = outputs.some((output) => output != null && asObject(output) === null);
  return [
    ...(bare
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

const spent: Column[] = [
  {
    name: "error",
    cell: ({ error }) => csvCell(error == null ? null : `${error.code}: ${error.message}`),
  },
  {
    name: "tokens",
    cell: ({ usage }) => csvCell(usage.prompt_tokens + usage.completion_tokens),
  },
  {
    name: "cost_usd",
    // A model without a known price is not free: a sum over the column must not say so.
    cell: ({ usage }) =>
      csvCell(usage.cost_usd === 0 && (usage.unpriced_tokens ?? 0) > 0 ? null : usage.cost_usd),
  },
];

function asObject(value: unknown): Record<string, unknown> | null {
  return value !== null && typeof value === "object" && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : null;
}

/**
 * One cell. Text that a spreadsheet would run as a formula gets an apostrophe in front:
 * agents write it, and people open it.
 */
function csvCell(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return quoted(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);
}

const quoted = (text: string): string =>
  /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
