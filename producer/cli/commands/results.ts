import type { Command } from "commander";
import type { ResultLine } from "../../api/batches/responses.ts";
import { resultsOf } from "../connection.ts";
import { type CsvTable, delimiterOf, readCsv } from "../csv/csv_table.ts";
import { customIds } from "../csv/csv_tasks.ts";
import { formatOf, mustBeWritable, resultsJsonl, writeResults } from "../csv/results_file.ts";
import { exit, wrongUsage } from "../exit.ts";
import { inputText } from "../input.ts";
import { count, counted } from "../output/format.ts";
import { type TableStyle, table } from "../output/table.ts";
import type { Bind } from "../program.ts";
import { kindOf, type Session } from "../session.ts";

interface Options {
  output?: string;
  input?: string;
  delimiter: string;
}

export function addResults(program: Command, bind: Bind): void {
  program
    .command("results <batch>")
    .description("what a batch's settled tasks gave, in the order of its input")
    .option("-o, --output <file>", "write a .csv or a .jsonl file")
    .option("--input <file.csv>", "for -o with a .csv: put the columns of the file submitted first")
    .option("--delimiter <character>", "what parts that file's columns, or tab", ",")
    .action(
      bind(async (session, id: string, options: Options) => {
        if (kindOf(id) !== "batch") throw wrongUsage(`${id} is a task: use fleet get ${id}`);
        const { output } = options;
        if (output !== undefined) {
          formatOf(output);
          await mustBeWritable(output);
        }
        if (options.input !== undefined && (output === undefined || formatOf(output) !== "csv")) {
          throw wrongUsage("--input goes with -o and a .csv file");
        }
        const input =
          options.input === undefined
            ? null
            : readCsv(
                await inputText(options.input, session.surroundings),
                delimiterOf(options.delimiter),
              );
        const lines = await resultsOf(session.client(), id);
        const { interactive, write } = session.surroundings;
        if (output !== undefined) {
          if (input !== null) mustBeOf(input, lines, id);
          await writeResults(output, lines, input);
          sayWritten(session, output, lines.length);
        } else if (session.json || !interactive) {
          write(resultsJsonl(lines));
        } else if (lines.length === 0) {
          session.say("No results yet.");
        } else {
          write(`${resultsTable(lines, session.surroundings)}\n`);
        }
        return exit.done;
      }),
    );
}

export function sayWritten(session: Session, file: string, tasks: number): void {
  if (session.json) session.emit({ file, tasks });
  else session.say(`${counted(tasks, "result")} in ${file}`);
}

/** Rows beside answers of another file would be worse than no rows. */
function mustBeOf(input: CsvTable, lines: readonly ResultLine[], id: string): void {
  const ids = customIds(input);
  const stranger = lines.find(({ index, custom_id }) => ids[index] !== custom_id);
  if (stranger === undefined) return;
  throw wrongUsage(
    `--input is not the file that ${id} was made from: its task ${stranger.index + 1} is "${stranger.custom_id}"`,
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
