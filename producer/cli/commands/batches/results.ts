import type { Command } from "commander";
import type { ResultLine } from "../../../api/batches/responses.ts";
import type { Bind } from "../../bind.ts";
import { fetchResults } from "../../connection.ts";
import { resultsJsonl } from "../../csv/results_file.ts";
import { exit, usageError } from "../../exit.ts";
import { count } from "../../output/format.ts";
import { type TableStyle, table } from "../../output/table.ts";
import { kindOf } from "../../session.ts";
import {
  addOutputOptions,
  type OutputOptions,
  prepareOutput,
  writeOutput,
} from "./results_output.ts";

export function addResults(program: Command, bind: Bind): void {
  const command = program
    .command("results <batch>")
    .description("print the results of a batch's settled tasks, in the order of its input");
  addOutputOptions(command, "write a .csv or .jsonl file").action(
    bind(async (session, id: string, options: OutputOptions) => {
      if (kindOf(id) !== "batch") throw usageError(`${id} is a task: use fleet get ${id}`);
      const input = await prepareOutput(session, options);
      if (options.output !== undefined) {
        await writeOutput(session, id, options.output, input);
        return exit.ok;
      }
      const lines = await fetchResults(session.client(), id);
      const { interactive, write } = session.context;
      if (session.json || !interactive) {
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
