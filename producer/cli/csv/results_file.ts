import { constants } from "node:fs";
import { access, rename, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import type { ResultLine } from "../../api/batches/responses.ts";
import { exit, Stop, wrongUsage } from "../exit.ts";
import { printableJson } from "../output/printable.ts";
import type { CsvTable } from "./csv_table.ts";
import { resultsCsv } from "./results_csv.ts";

type Format = "csv" | "jsonl";

/** The format that a file's name asks for. */
export function formatOf(file: string): Format {
  const extension = path.extname(file).toLowerCase();
  if (extension === ".csv") return "csv";
  if (extension === ".jsonl" || extension === ".ndjson") return "jsonl";
  throw wrongUsage(`-o ${file}: name a .csv or a .jsonl file`);
}

/** Ends the command where a file could not be written: better now than when a batch has run. */
export async function mustBeWritable(file: string): Promise<void> {
  const folder = path.dirname(file);
  const found = await stat(folder).catch(() => null);
  if (found?.isDirectory() !== true) throw wrongUsage(`-o ${file}: there is no folder ${folder}`);
  const there = await stat(file).catch(() => null);
  if (there?.isDirectory() === true) throw wrongUsage(`-o ${file}: this is a folder`);
  await access(folder, constants.W_OK).catch(() => {
    throw wrongUsage(`-o ${file}: the folder ${folder} cannot be written to`);
  });
}

/**
 * Writes the whole file or leaves what was there. `input` is the CSV file that the batch was made
 * from: its columns stand first. A failure ends the command and says `again`, how to have it anew.
 */
export async function writeResults(
  file: string,
  lines: readonly ResultLine[],
  input: CsvTable | null = null,
  again = "",
): Promise<void> {
  const text = formatOf(file) === "csv" ? resultsCsv(lines, input) : resultsJsonl(lines);
  const draft = `${file}.${process.pid}.part`;
  try {
    await writeFile(draft, text);
    await rename(draft, file);
  } catch (error) {
    throw cannotWrite(file, error, again);
  }
}

/** The end of a command that could not write a file. */
export function cannotWrite(file: string, error: unknown, again = ""): Stop {
  const code = error instanceof Error && "code" in error ? String(error.code) : "unwritable";
  return new Stop(exit.failed, `cannot write ${file} (${code})${again === "" ? "" : `; ${again}`}`);
}

export const resultsJsonl = (lines: readonly ResultLine[]): string =>
  lines.map((line) => `${printableJson(line)}\n`).join("");
