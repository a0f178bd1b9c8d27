import type { Command } from "commander";
import type { Bind } from "../program.ts";
import { kindOf } from "../session.ts";
import { watchBatch, watchTask } from "../watching.ts";

export function addWatch(program: Command, bind: Bind): void {
  program
    .command("watch <id>")
    .description("follow a batch or a task until it is settled")
    .action(
      bind(async (session, id: string) =>
        kindOf(id) === "batch" ? watchBatch(session, id, "new") : watchTask(session, id, "new"),
      ),
    );
}
