import type { Command } from "commander";
import type { Bind } from "../../bind.ts";
import { kindOf } from "../../session.ts";
import { watchBatch } from "../../watch/watch_batch.ts";
import { watchTask } from "../../watch/watch_task.ts";

export function addWatch(program: Command, bind: Bind): void {
  program
    .command("watch <id>")
    .description("watch a batch or a task until it is settled")
    .action(
      bind(async (session, id: string) =>
        kindOf(id) === "batch"
          ? watchBatch(session, id, "unknown")
          : watchTask(session, id, "unknown"),
      ),
    );
}
