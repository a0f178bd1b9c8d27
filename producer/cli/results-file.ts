import { rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { wrongUsage } from "./exit.ts";
import { printableJson } from "./printable.ts";
import type { ResultLine } from "./wire.ts";

type Format = "csv" | "jsonl";

/** The format that a file's name asks for. */
export function formatOf(file: string): Format {
  const extension = path.extname(file).toLowerCase();
  if (extension === ".csv") return "csv";
  if (extension === ".jsonl" || extension === ".ndjson") return "jsonl";
  throw wrongUsage(`-o ${file}: name a .csv or a .jsonl file`);
}

/** Writes the whole file or leaves what was there. */
export async function writeResults(file: string, lines: readonly ResultLine[]): Promise<void> {
  const text = formatOf(file) === "csv" ? resultsCsv(lines) : resultsJsonl(lines);
  const draft = `${file}.${process.pid}.part`;
  await writeFile(draft, text);
  await rename(draft, file);
}

export const resultsJsonl = (lines: readonly ResultLine[]): string =>
  lines.map((line) => `${printableJson(line)}\n`).join("");

const fixed = ["index", "custom_id", "task_id", "status", "reason"] as const;

/** One row a task: the fields of an object as columns `output.<field>`, then error and usage. */
export function resultsCsv(lines: readonly ResultLine[]): string {
  const fields = [...new Set(lines.flatMap(({ output }) => Object.keys(asObject(output) ?? {})))];
  const scalar = lines.some(
    ({ output }) => output !== null && output !== undefined && !asObject(output),
  );
  const head = [
    ...fixed,
    ...(scalar ? ["output"] : []),
    ...fields.map((field) => `output.${field}`),
    "error",
    "tokens",
    "cost_usd",
  ];
  const rows = lines.map((line) => {
    const object = asObject(line.output);
    return [
      ...fixed.map((name) => line[name]),
      ...(scalar ? [object === null ? line.output : null] : []),
      ...fields.map((field) => object?.[field]),
      line.error === null || line.error === undefined
        ? null
        : `${line.error.code}: ${line.error.message}`,
      line.usage.prompt_tokens + line.usage.completion_tokens,
      line.usage.cost_usd,
    ];
  });
  return [head, ...rows].map((row) => `${row.map(csvCell).join(",")}\r\n`).join("");
}

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
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
