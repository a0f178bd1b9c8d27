import { constants } from "node:fs";
import { access, rename, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import type { ResultLine } from "../../api/batches/responses.ts";
import { CommandError, exit, usageError } from "../exit.ts";
import { printableJson } from "../output/printable.ts";
import type { CsvTable } from "./csv_table.ts";
import { resultsCsv } from "./results_csv.ts";

type Format = "csv" | "jsonl";

/** The format by the extension of the file. */
export function formatOf(file: string): Format {
  const extension = path.extname(file).toLowerCase();
  if (extension === ".csv") return "csv";
  if (extension === ".jsonl" || extension === ".ndjson") return "jsonl";
  throw usageError(`-o ${file}: the name must end in .csv or .jsonl`);
}

/** Ends the command if the file cannot be written: better before the batch runs than after. */
export async function mustBeWritable(file: string): Promise<void> {
  const folder = path.dirname(file);
  const parent = await stat(folder).catch(() => null);
  if (parent?.isDirectory() !== true) {
    throw usageError(`-o ${file}: there is no folder ${folder}: create it, or name another`);
  }
  const existingFile = await stat(file).catch(() => null);
  if (existingFile?.isDirectory() === true) {
    throw usageError(`-o ${file}: it is a folder: name a file`);
  }
  await access(folder, constants.W_OK).catch(() => {
    throw usageError(`-o ${file}: the folder ${folder} is not writable: name another`);
  });
}

/**
 * Writes the whole file, or leaves the old one. `input` is the CSV file that the batch was made from: its
 * columns come first. A failure ends the command; `recovery` in its message says how to write it again.
 */
export async function writeResults(
  file: string,
  lines: readonly ResultLine[],
  input: CsvTable | null = null,
  recovery = "",
): Promise<void> {
  const text = formatOf(file) === "csv" ? resultsCsv(lines, input) : resultsJsonl(lines);
  const part = `${file}.${process.pid}.part`;
  try {
    await writeFile(part, text);
    await rename(part, file);
  } catch (error) {
    throw cannotWrite(file, error, recovery);
  }
}

/** Ends a command that cannot write a file. */
export function cannotWrite(file: string, error: unknown, recovery = ""): CommandError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "unwritable";
  return new CommandError(
    exit.failed,
    `cannot write ${file} (${code})${recovery === "" ? "" : `; ${recovery}`}`,
  );
}

export const resultsJsonl = (lines: readonly ResultLine[]): string =>
  lines.map((line) => `${printableJson(line)}\n`).join("");
