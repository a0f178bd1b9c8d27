import type { Command } from "commander";
import { redrivable } from "../../../../shared/task/states.ts";
import { type RedriveSummary, redriveAll } from "../../../client/redrive_all.ts";
import type { Bind } from "../../bind.ts";
import { jsonBody } from "../../connection.ts";
import { CommandError, type ExitCode, exit, unwrap, usageError } from "../../exit.ts";
import { parseJson, readJson } from "../../input.ts";
import { errorText } from "../../output/error_text.ts";
import { countText } from "../../output/format.ts";
import { printable } from "../../output/printable.ts";
import { kindOf, type Session } from "../../session.ts";
import { watchBatch } from "../../watch/watch_batch.ts";
import { watchTask } from "../../watch/watch_task.ts";
import {
  addFilterOptions,
  type FilterOptions,
  filterNames,
  parseFilter,
  type TaskFilter,
} from "../task_filter.ts";

interface Options extends FilterOptions {
  mode: string;
  overrides?: string;
  model?: string;
  dryRun?: boolean;
  watch?: boolean;
}

interface RedriveOrder extends TaskFilter {
  mode: string;
  dry_run?: true;
  overrides?: Record<string, unknown>;
}

/** One task, the tasks of a batch, or every task that matches the filters. */
type Target = { kind: "task" | "batch"; id: string } | { kind: "filtered" };

export function addRedrive(program: Command, bind: Bind): void {
  const command = program
    .command("redrive [id]")
    .description(
      "rerun a settled task, a batch's tasks, or (without an id) every task that matches the filters",
    )
    .option(
      "--mode <mode>",
      "resume: continue after the last finished step, with the usage so far; restart: run again from the beginning, which can repeat effects",
      "resume",
    )
    .option("--status <list>", `only these, comma-separated: ${redrivable.join(", ")}`);
  addFilterOptions(command)
    .option("--overrides <json|@file>", 'fields of the task to change, such as \'{"model":"…"}\'')
    .option("--model <id>", 'run them on this model: short for --overrides \'{"model":"…"}\'')
    .option("--dry-run", "redrive nothing: print how many tasks match")
    .option("--watch", "watch the task or the batch until it is settled")
    .action(
      bind(async (session, id: string | undefined, options: Options) => {
        const target: Target = id === undefined ? { kind: "filtered" } : { kind: kindOf(id), id };
        const order = await readOrder(session, target, options);
        const watch = options.watch === true;
        return target.kind === "task"
          ? redriveTask(session, target.id, order, watch)
          : redriveMany(session, target.kind === "batch" ? target.id : null, order, watch);
      }),
    );
}

async function redriveTask(
  session: Session,
  id: string,
  order: RedriveOrder,
  watch: boolean,
): Promise<ExitCode> {
  const task = unwrap(
    await session.client()("POST /v1/tasks/:id/redrive", { id, ...jsonBody(order) }),
  );
  if (watch) return watchTask(session, id);
  if (session.json) session.printJson(task);
  else session.print(`${id} is queued again. Watch it: fleet watch ${id}`);
  return exit.ok;
}

/** Exit code 1 if a selected task cannot be redriven, or if none was selected. */
async function redriveMany(
  session: Session,
  batchId: string | null,
  order: RedriveOrder,
  watch: boolean,
): Promise<ExitCode> {
  const batchText = batchId === null ? "" : ` of ${batchId}`;
  const report = unwrap(await redriveAll(session.client(), batchId, order));
  if ((report.matched ?? report.redriven) + report.refused === 0) {
    const notFilters = ["mode", "overrides", "dry_run"];
    const hasFilter = Object.keys(order).some((name) => !notFilters.includes(name));
    const condition = hasFilter ? "matches the filters" : `is ${redrivable.join(" or ")}`;
    throw new CommandError(exit.failed, `no task${batchText} ${condition}: nothing was redriven`);
  }
  if (session.json) session.printJson({ ...(batchId !== null && { id: batchId }), ...report });
  else printReport(session, batchText, report);
  if (report.matched !== undefined) return exit.ok;
  if (watch && batchId !== null) return watchBatch(session, batchId);
  if (!session.json && batchId !== null) session.print(`Watch it: fleet watch ${batchId}`);
  return report.refused > 0 ? exit.failed : exit.ok;
}

function printReport(
  session: Session,
  batchText: string,
  { redriven, matched, refused, details }: RedriveSummary,
): void {
  const number = matched ?? redriven;
  const verb = matched !== undefined ? "would be" : number === 1 ? "is" : "are";
  session.print(`${countText(number, "task")}${batchText} ${verb} queued again`);
  if (refused === 0) return;
  const head = `${countText(refused, "task")}${batchText} cannot be redriven:`;
  session.context.warn(`${printable(errorText(head, details))}\n`);
}

async function readOrder(
  session: Session,
  target: Target,
  options: Options,
): Promise<RedriveOrder> {
  const filter = parseFilter(options, redrivable, "redriven");
  const fault = findFault(target, filter, options);
  if (fault !== null) throw usageError(fault);
  const order: RedriveOrder = { mode: options.mode, ...filter };
  if (options.dryRun === true) order.dry_run = true;
  if (options.overrides !== undefined) {
    order.overrides = await readOverrides(options.overrides, session);
  }
  if (options.model !== undefined) order.overrides = { ...order.overrides, model: options.model };
  return order;
}

/** What does not fit together in the command line; null if all does. */
function findFault(
  { kind }: Target,
  filter: TaskFilter,
  { dryRun, watch }: Options,
): string | null {
  const hasFilter = Object.keys(filter).length > 0;
  switch (kind) {
    case "task":
      if (hasFilter) return "filters such as --status need a batch or no id: this is one task";
      return dryRun === true ? "--dry-run needs a batch or a filter: this is one task" : null;
    case "batch":
      return filter.batch_id === undefined
        ? null
        : "--batch is for a command without an id: leave it out";
    case "filtered":
      if (!hasFilter) return `no tasks selected: pass an id, or a filter (${filterNames})`;
      return watch === true ? "--watch needs the id of a task or a batch" : null;
  }
}

async function readOverrides(value: string, session: Session): Promise<Record<string, unknown>> {
  const overrides = value.startsWith("@")
    ? await readJson(value.slice(1), session.context)
    : parseJson(value, "--overrides");
  if (overrides === null || typeof overrides !== "object" || Array.isArray(overrides)) {
    throw usageError("--overrides must be a JSON object of task fields");
  }
  return { ...overrides };
}
