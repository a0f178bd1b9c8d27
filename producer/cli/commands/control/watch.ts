import type { Command } from "commander";
import type { Bind } from "../../bind.ts";
import { usageError } from "../../exit.ts";
import { kindOf } from "../../session.ts";
import { watchBatch, watchToEnd } from "../../watch/watch_batch.ts";
import { watchTask } from "../../watch/watch_task.ts";
import {
  addOutputOptions,
  type OutputOptions,
  outputCommand,
  prepareOutput,
  writeOutput,
} from "../batches/results_output.ts";

export function addWatch(program: Command, bind: Bind): void {
  const command = program
    .command("watch <id>")
    .description("watch a batch or a task until it is settled");
  addOutputOptions(command, "then write the results of a batch to a .csv or .jsonl file").action(
    bind(async (session, id: string, options: OutputOptions) => {
      const { output, input: file, delimiter } = options;
      const fleetState = "unknown";
      if (kindOf(id) === "task") {
        if (output === undefined) return watchTask(session, id, fleetState);
        throw usageError(`-o needs a batch: the result of a task is in fleet get ${id}`);
      }
      const input = await prepareOutput(session, options);
      if (output === undefined) return watchBatch(session, id, { fleetState });
      const columns = file === undefined ? null : { file, delimiter };
      const resume = `To write ${output} when it is finished: ${outputCommand(session, id, output, columns)}`;
      const { code, hasTasks } = await watchToEnd(session, id, { fleetState, resume });
      if (hasTasks) await writeOutput(session, id, output, input);
      return code;
    }),
  );
}
