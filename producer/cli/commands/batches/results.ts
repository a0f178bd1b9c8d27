import type { Command } from "commander";
import type { ResultLine } from "../../../api/batches/responses.ts";
import type { Bind } from "../../bind.ts";
import { fetchResults } from "../../connection.ts";
import { type CsvTable, parseCsv, parseDelimiter } from "../../csv/csv_table.ts";
import { customIds } from "../../csv/csv_tasks.ts";
import { formatOf, mustBeWritable, resultsJsonl, writeResults } from "../../csv/results_file.ts";
import { exit, usageError } from "../../exit.ts";
import { readText } from "../../input.ts";
import { count, counted } from "../../output/format.ts";
import { type TableStyle, table } from "../../output/table.ts";
import { kindOf, type Session } from "../../session.ts";

interface Options {
  output?: string;
  input?: string;
  delimiter: string;
}

export function addResults(program: Command, bind: Bind): void {
  program
    .command("results <batch>")
    .description("print the results of a batch's settled tasks, in the order of its input")
    .option("-o, --output <file>", "write a .csv or .jsonl file")
    .option("--input <file.csv>", "with -o and .csv: start with the columns of the submitted file")
    .option("--delimiter <character>", "column separator of that file, or tab", ",")
    .action(
      bind(async (session, id: string, options: Options) => {
        if (kindOf(id) !== "batch") throw usageError(`${id} is a task: use fleet get ${id}`);
        const { output } = options;
        if (output !== undefined) {
          formatOf(output);
          await mustBeWritable(output);
        }
        if (options.input !== undefined && (output === undefined || formatOf(output) !== "csv")) {
          throw usageError("--input needs -o with a .csv file");
        }
        const input =
          options.input === undefined
            ? null
            : parseCsv(
                await readText(options.input, session.context),
                parseDelimiter(options.delimiter),
              );
        const lines = await fetchResults(session.client(), id);
        const { interactive, write } = session.context;
        if (output !== undefined) {
          if (input !== null) mustMatch(input, lines, id);
          await writeResults(output, lines, input);
          printWritten(session, output, lines.length);
        } else if (session.json || !interactive) {
          write(resultsJsonl(lines));
        } else if (lines.length === 0) {
          session.print("No results yet.");
        } else {
          write(`${resultsTable(lines, session.context)}\n`);
        }
        return exit.ok;
      }),
    );
}

export function printWritten(session: Session, file: string, tasks: number): void {
  if (session.json) session.printJson({ file, tasks });
  else session.print(`${counted(tasks, "result")} in ${file}`);
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

function resultsTable(lines: readonly ResultLine[], style: TableStyle): string {
  const rows = lines.map((line) => [
    line.custom_id ?? line.task_id,
    line.status,
    line.reason ?? "",
    count(line.usage.prompt_tokens + line.usage.completion_tokens),
    line.error === null ? JSON.stringify(line.output) : line.error.message,
  ]);
  return table(["task", "status", "reason", "tokens", "output"], rows, style);
}
