/** `-o`: the results of a batch in a file, next to the columns of the CSV file that it was made from. */
import type { Command } from "commander";
import type { ResultLine } from "../../../api/batches/responses.ts";
import { fetchResults } from "../../connection.ts";
import { type CsvTable, parseCsv, parseDelimiter } from "../../csv/csv_table.ts";
import { customIds } from "../../csv/csv_tasks.ts";
import { formatOf, mustBeWritable, writeResults } from "../../csv/results_file.ts";
import { usageError } from "../../exit.ts";
import { readText } from "../../input.ts";
import { countText } from "../../output/format.ts";
import type { Session } from "../../session.ts";

export interface OutputOptions {
  output?: string;
  input?: string;
  delimiter?: string;
}

export function addOutputOptions(command: Command, output: string): Command {
  return command
    .option("-o, --output <file>", output)
    .option("--input <file.csv>", "with -o and .csv: start with the columns of the submitted file")
    .option(
      "--delimiter <character>",
      "column separator of that file, or tab (default: a comma, or Excel's line sep=)",
    );
}

/** Reads `--input`. Ends the command if the file of `-o` could not be written, before anything is waited for. */
export async function prepareOutput(
  session: Session,
  { output, input, delimiter }: OutputOptions,
): Promise<CsvTable | null> {
  if (output !== undefined) {
    formatOf(output);
    await mustBeWritable(output);
  }
  if (input === undefined) return null;
  if (output === undefined || formatOf(output) !== "csv") {
    throw usageError("--input needs -o with a .csv file");
  }
  const text = await readText(input, session.context, { ignoreBOM: true });
  return parseCsv(text, delimiter === undefined ? null : parseDelimiter(delimiter));
}

/** `recovery` says, if the file cannot be written, how to write another one. */
export async function writeOutput(
  session: Session,
  id: string,
  output: string,
  input: CsvTable | null,
  recovery = "",
): Promise<void> {
  const lines = await fetchResults(session.client(), id);
  if (input !== null) mustMatch(input, lines, id);
  await writeResults(output, lines, input, recovery);
  if (session.json) session.printJson({ file: output, tasks: lines.length });
  else session.print(`${countText(lines.length, "result")} in ${output}`);
}

/** Results next to the rows of another file would be wrong without a sign of it. */
function mustMatch(input: CsvTable, lines: readonly ResultLine[], id: string): void {
  const ids = customIds(input);
  const other = lines.find(({ index, custom_id }) => ids[index] !== custom_id);
  if (other === undefined) return;
  throw usageError(
    `--input is not the file that ${id} was made from: task ${other.index + 1} of the batch is "${other.custom_id}"`,
  );
}

/** The file that `--input` names, and its separator where it was an option. */
export interface InputFile {
  file: string;
  delimiter: string | undefined;
}

/** The command that waits for a batch and writes its results, ready for a shell. */
export const outputCommand = (
  session: Session,
  id: string,
  output: string,
  input: InputFile | null,
): string => `fleet watch ${id}${inputOptions(input)} -o ${shellWord(output)}${session.urlOption}`;

/** The command that writes the results of a finished batch to a file that is still to be chosen. */
export const otherOutputCommand = (session: Session, id: string, input: InputFile | null): string =>
  `fleet results ${id}${inputOptions(input)} -o <file>${session.urlOption}`;

function inputOptions(input: InputFile | null): string {
  if (input === null) return "";
  const { file, delimiter } = input;
  const separator = delimiter === undefined ? "" : ` --delimiter ${shellWord(delimiter)}`;
  return ` --input ${shellWord(file)}${separator}`;
}

const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
