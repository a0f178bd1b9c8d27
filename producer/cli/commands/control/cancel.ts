import type { Command } from "commander";
import { cancellable } from "../../../../shared/task/states.ts";
import type { Bind } from "../../bind.ts";
import { jsonBody } from "../../connection.ts";
import { CommandError, type ExitCode, exit, unwrap, usageError } from "../../exit.ts";
import { countText } from "../../output/format.ts";
import { kindOf, type Session } from "../../session.ts";
import {
  addFilterOptions,
  type FilterOptions,
  filterNames,
  parseFilter,
  type TaskFilter,
} from "../task_filter.ts";

interface Options extends FilterOptions {
  dryRun?: boolean;
}

export function addCancel(program: Command, bind: Bind): void {
  const command = program
    .command("cancel [id]")
    .description(
      "cancel a task, the unsettled tasks of a batch, or (without an id) every unsettled task that matches the filters; each stops before its next step",
    )
    .option("--status <list>", `only these, comma-separated: ${cancellable.join(", ")}`);
  addFilterOptions(command)
    .option("--dry-run", "cancel nothing: print how many tasks match")
    .action(
      bind(async (session, id: string | undefined, options: Options) => {
        const filter = readFilter(id, options);
        if (filter !== null) return cancelMany(session, filter, options.dryRun === true);
        if (id === undefined) {
          throw usageError(`no tasks selected: pass an id, or a filter (${filterNames})`);
        }
        if (options.dryRun === true) {
          throw usageError("--dry-run needs a filter, such as --status queued");
        }
        return kindOf(id) === "batch" ? cancelBatch(session, id) : cancelTask(session, id);
      }),
    );
}

/** The filter, with the batch of the id; null without one. */
function readFilter(id: string | undefined, options: Options): TaskFilter | null {
  const filter = parseFilter(options, cancellable, "cancelled");
  if (Object.keys(filter).length === 0) return null;
  if (id === undefined) return filter;
  if (kindOf(id) === "task") {
    throw usageError("filters such as --status need a batch or no id: this is one task");
  }
  if (filter.batch_id !== undefined) {
    throw usageError("--batch is for a command without an id: leave it out");
  }
  return { ...filter, batch_id: id };
}

/** One call is bounded, so calls repeat until no cursor is left. Exit code 1 if no task matches. */
async function cancelMany(
  session: Session,
  filter: TaskFilter,
  dryRun: boolean,
): Promise<ExitCode> {
  const order = dryRun ? { ...filter, dry_run: true } : filter;
  let matchedCount = 0;
  let cancelledCount = 0;
  for (let cursor: string | null = ""; cursor !== null; ) {
    const body: object = cursor === "" ? order : { ...order, cursor };
    const page = unwrap(await session.client()("POST /v1/tasks/cancel", jsonBody(body)));
    matchedCount += page.matched;
    cancelledCount += page.cancelled;
    cursor = page.next_cursor ?? null;
  }
  if (session.json)
    session.printJson({ matched: matchedCount, cancelled: cancelledCount, dry_run: dryRun });
  if (matchedCount === 0) {
    throw new CommandError(exit.failed, "no unsettled task matches the filters");
  }
  if (session.json) return exit.ok;
  const number = dryRun ? matchedCount : cancelledCount;
  const verb = dryRun ? "would be cancelled" : `${number === 1 ? "is" : "are"} being cancelled`;
  session.print(`${countText(number, "task")} ${verb}`);
  return exit.ok;
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
    session.print(`${id} is finished: ${countText(batch.counts.cancelled, "task")} cancelled`);
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
