import type { Command } from "commander";
import { redrivable } from "../../../../shared/states.ts";
import { redriveAll } from "../../../client/redrive_all.ts";
import type { Bind } from "../../bind.ts";
import { jsonBody } from "../../connection.ts";
import { CommandError, type ExitCode, exit, unwrap, usageError } from "../../exit.ts";
import { parseJson, readJson } from "../../input.ts";
import { errorText } from "../../output/error_text.ts";
import { counted } from "../../output/format.ts";
import { printable } from "../../output/printable.ts";
import { kindOf, type Session } from "../../session.ts";
import { watchBatch } from "../../watch/watch_batch.ts";
import { watchTask } from "../../watch/watch_task.ts";
import { collect, parseLabels } from "../repeatable_option.ts";

interface Options {
  mode: string;
  status?: string;
  reason?: string;
  errorCode?: string;
  label?: string[];
  createdAfter?: string;
  createdBefore?: string;
  overrides?: string;
  watch?: boolean;
}

/** The fields that select tasks; the API checks them. */
interface Filters {
  status?: string[];
  reason?: string;
  error_code?: string;
  labels?: Record<string, string>;
  created_after?: string;
  created_before?: string;
}

interface RedriveOrder extends Filters {
  mode: string;
  overrides?: Record<string, unknown>;
}

/** One task, the tasks of a batch, or every task that matches the filters. */
type Target = { kind: "task" | "batch"; id: string } | { kind: "filtered" };

export function addRedrive(program: Command, bind: Bind): void {
  program
    .command("redrive [id]")
    .description(
      "rerun a settled task, a batch's tasks, or (without an id) every task that matches the filters",
    )
    .option(
      "--mode <mode>",
      "resume: continue after the last finished step, with the usage so far; restart: run again from the beginning, which can repeat effects",
      "resume",
    )
    .option("--status <list>", `only these, comma-separated: ${redrivable.join(", ")}`)
    .option("--reason <reason>", "only tasks that ended for this reason")
    .option("--error-code <code>", "only tasks whose error has this code")
    .option("--label <key=value>", "only tasks with this label; can be repeated", collect)
    .option("--created-after <time>", "only tasks from this time on, such as 2026-12-01T09:00:00Z")
    .option("--created-before <time>", "only tasks from before this time")
    .option("--overrides <json|@file>", 'fields of the task to change, such as \'{"model":"…"}\'')
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
  const of = batchId === null ? "" : ` of ${batchId}`;
  const { redriven, refused, details } = unwrap(await redriveAll(session.client(), batchId, order));
  if (redriven === 0 && refused === 0) {
    const hasFilter = Object.keys(order).some((name) => name !== "mode" && name !== "overrides");
    const condition = hasFilter ? "matches the filters" : `is ${redrivable.join(" or ")}`;
    throw new CommandError(exit.failed, `no task${of} ${condition}: nothing was redriven`);
  }
  if (session.json) {
    session.printJson({ ...(batchId === null ? {} : { id: batchId }), redriven, refused, details });
  } else {
    session.print(
      `${counted(redriven, "task")}${of} ${redriven === 1 ? "is" : "are"} queued again`,
    );
  }
  if (refused > 0 && !session.json) {
    const head = `${counted(refused, "task")}${of} cannot be redriven:`;
    session.context.warn(`${printable(errorText(head, details))}\n`);
  }
  if (watch && batchId !== null) return watchBatch(session, batchId);
  if (!session.json && batchId !== null) session.print(`Watch it: fleet watch ${batchId}`);
  return refused > 0 ? exit.failed : exit.ok;
}

async function readOrder(
  session: Session,
  target: Target,
  options: Options,
): Promise<RedriveOrder> {
  const filters = parseFilters(options);
  const hasFilter = Object.keys(filters).length > 0;
  if (target.kind === "task" && hasFilter) {
    throw usageError("filters such as --status need a batch or no id: this is one task");
  }
  if (target.kind === "filtered") {
    if (!hasFilter) {
      throw usageError(
        "no tasks selected: pass an id, or a filter (--status, --reason, --error-code, --label, --created-after, --created-before)",
      );
    }
    if (options.watch === true) throw usageError("--watch needs the id of a task or a batch");
  }
  const order: RedriveOrder = { mode: options.mode, ...filters };
  if (options.overrides !== undefined) {
    order.overrides = await readOverrides(options.overrides, session);
  }
  return order;
}

function parseFilters(options: Options): Filters {
  const filters: Filters = {};
  if (options.status !== undefined) {
    filters.status = options.status.split(",").map((status) => status.trim());
    const invalid = filters.status.find((status) => !redrivable.some((known) => known === status));
    if (invalid !== undefined) {
      throw usageError(`--status ${invalid}: only ${redrivable.join(", ")} can be redriven`);
    }
  }
  if (options.reason !== undefined) filters.reason = options.reason;
  if (options.errorCode !== undefined) filters.error_code = options.errorCode;
  if (options.createdAfter !== undefined) filters.created_after = options.createdAfter;
  if (options.createdBefore !== undefined) filters.created_before = options.createdBefore;
  if (options.label !== undefined) filters.labels = parseLabels(options.label);
  return filters;
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
