import type { Command } from "commander";
import { exit, required, wrongUsage } from "../exit.ts";
import { count } from "../figures.ts";
import type { Bind } from "../program.ts";
import { formatOf, resultsJsonl, writeResults } from "../results-file.ts";
import { kindOf } from "../session.ts";
import { table } from "../table.ts";
import type { ResultLine } from "../wire.ts";

export function addResults(program: Command, bind: Bind): void {
  program
    .command("results <batch>")
    .description("what a batch's settled tasks gave, in the order of its input")
    .option("-o, --output <file>", "write a .csv or a .jsonl file")
    .action(
      bind(async (session, id: string, options: { output?: string }) => {
        if (kindOf(id) !== "batch") throw wrongUsage(`${id} is a task: use fleet get ${id}`);
        if (options.output !== undefined) formatOf(options.output);
        const lines = required(await session.client().results(id));
        const { interactive, columns, write } = session.surroundings;
        if (options.output !== undefined) {
          await writeResults(options.output, lines);
          if (session.json) session.emit({ file: options.output, tasks: lines.length });
          else session.say(`${lines.length} results in ${options.output}`);
        } else if (session.json || !interactive) {
          write(resultsJsonl(lines));
        } else {
          write(`${resultsTable(lines, columns)}\n`);
        }
        return exit.done;
      }),
    );
}

function resultsTable(lines: readonly ResultLine[], columns: number): string {
  const rows = lines.map((line) => [
    line.custom_id ?? line.task_id,
    line.status,
    line.reason ?? "",
    count(line.usage.prompt_tokens + line.usage.completion_tokens),
    line.error === null ? JSON.stringify(line.output) : line.error.message,
  ]);
  return table(["task", "status", "reason", "tokens", "output"], rows, { coloured: true, columns });
}
