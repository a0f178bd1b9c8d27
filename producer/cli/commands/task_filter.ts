/** The options that choose many tasks, the same for list, redrive and cancel. The API checks the values. */
import type { Command } from "commander";
import { usageError } from "../exit.ts";
import { kindOf } from "../session.ts";
import { collect, parseLabels } from "./repeatable_option.ts";

export interface FilterOptions {
  status?: string;
  reason?: string;
  errorCode?: string;
  label?: string[];
  batch?: string;
  customId?: string;
  createdAfter?: string;
  createdBefore?: string;
}

/** The fields of the API's filter. */
export interface TaskFilter {
  status?: string[];
  reason?: string;
  error_code?: string;
  labels?: Record<string, string>;
  batch_id?: string;
  custom_id?: string;
  created_after?: string;
  created_before?: string;
}

export const filterNames =
  "--status, --reason, --error-code, --label, --batch, --custom-id, --created-after, --created-before";

/** All but `--status`, whose values depend on the command. */
export function addFilterOptions(command: Command): Command {
  return command
    .option("--reason <reason>", "only tasks that ended for this reason")
    .option("--error-code <code>", "only tasks whose error has this code")
    .option("--label <key=value>", "only tasks with this label; can be repeated", collect)
    .option("--batch <id>", "only tasks of this batch")
    .option("--custom-id <id>", "only tasks with this custom_id")
    .option("--created-after <time>", "only tasks from this time on, such as 2026-12-01T09:00:00Z")
    .option("--created-before <time>", "only tasks from before this time");
}

/** `verb` completes the message "only a, b can be …" for a status that is not in `statuses`. */
export function parseFilter(
  options: FilterOptions,
  statuses: readonly string[],
  verb: string,
): TaskFilter {
  const filter: TaskFilter = {};
  if (options.status !== undefined) {
    filter.status = options.status.split(",").map((status) => status.trim());
    const invalid = filter.status.find((status) => !statuses.includes(status));
    if (invalid !== undefined) {
      throw usageError(`--status ${invalid}: only ${statuses.join(", ")} can be ${verb}`);
    }
  }
  if (options.reason !== undefined) filter.reason = options.reason;
  if (options.errorCode !== undefined) filter.error_code = options.errorCode;
  if (options.label !== undefined) filter.labels = parseLabels(options.label);
  if (options.batch !== undefined) filter.batch_id = batchId(options.batch);
  if (options.customId !== undefined) filter.custom_id = options.customId;
  if (options.createdAfter !== undefined) filter.created_after = options.createdAfter;
  if (options.createdBefore !== undefined) filter.created_before = options.createdBefore;
  return filter;
}

function batchId(id: string): string {
  if (kindOf(id) === "batch") return id;
  throw usageError(`--batch ${id}: it is a task; name a batch`);
}
