import type { Command } from "commander";
import type { Bind } from "../../bind.ts";
import { CommandError, type ExitCode, exit, unwrap } from "../../exit.ts";
import { counted } from "../../output/format.ts";
import { kindOf, type Session } from "../../session.ts";

export function addCancel(program: Command, bind: Bind): void {
  program
    .command("cancel <id>")
    .description(
      "cancel a task, or the unsettled tasks of a batch; each stops before its next step",
    )
    .action(
      bind(async (session, id: string) =>
        kindOf(id) === "batch" ? cancelBatch(session, id) : cancelTask(session, id),
      ),
    );
}

async function cancelBatch(session: Session, id: string): Promise<ExitCode> {
  const client = session.client();
  // The API accepts a cancel of a finished batch and does nothing; here that is a failure.
  const before = unwrap(await client("GET /v1/batches/:id", { id }));
  if (before.status === "finished") {
    throw new CommandError(exit.failed, `${id} is finished: there is nothing to cancel`);
  }
  const batch = unwrap(await client("POST /v1/batches/:id/cancel", { id }));
  if (session.json) session.printJson(batch);
  else if (batch.status === "finished") {
    session.print(`${id} is finished: ${counted(batch.counts.cancelled, "task")} cancelled`);
  } else session.print(cancellingText(id));
  return exit.ok;
}

async function cancelTask(session: Session, id: string): Promise<ExitCode> {
  const task = unwrap(await session.client()("POST /v1/tasks/:id/cancel", { id }));
  if (session.json) session.printJson(task);
  else session.print(task.status === "cancelled" ? `${id} is cancelled` : cancellingText(id));
  return exit.ok;
}

const cancellingText = (id: string): string =>
  `${id} is being cancelled. Watch it: fleet watch ${id}`;
