import type { Command } from "commander";
import { type ExitCode, exit, required, Stop } from "../exit.ts";
import { counted } from "../output/format.ts";
import type { Bind } from "../program.ts";
import { kindOf, type Session } from "../session.ts";

export function addCancel(program: Command, bind: Bind): void {
  program
    .command("cancel <id>")
    .description(
      "cancel a task, or all of a batch that is not settled; each stops before its next step",
    )
    .action(
      bind(async (session, id: string) =>
        kindOf(id) === "batch" ? cancelBatch(session, id) : cancelTask(session, id),
      ),
    );
}

async function cancelBatch(session: Session, id: string): Promise<ExitCode> {
  const client = session.client();
  // The API takes a cancel of a finished batch and does nothing: that is not what was asked for.
  const before = required(await client("GET /v1/batches/:id", { id: id }));
  if (before.status === "finished") {
    throw new Stop(exit.failed, `${id} is finished: there is nothing to cancel`);
  }
  const batch = required(await client("POST /v1/batches/:id/cancel", { id }));
  if (session.json) session.emit(batch);
  else if (batch.status === "finished") {
    session.say(`${id} is finished: ${counted(batch.counts.cancelled, "task")} cancelled`);
  } else session.say(`${id} is being cancelled; follow it with fleet watch ${id}`);
  return exit.done;
}

async function cancelTask(session: Session, id: string): Promise<ExitCode> {
  const task = required(await session.client()("POST /v1/tasks/:id/cancel", { id }));
  if (session.json) session.emit(task);
  else if (task.status === "cancelled") session.say(`${id} is cancelled`);
  else session.say(`${id} is being cancelled; follow it with fleet watch ${id}`);
  return exit.done;
}
