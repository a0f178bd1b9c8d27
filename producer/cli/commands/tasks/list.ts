import { type Command, Option } from "commander";
import { commandLineLimits, storeLimits } from "../../../../shared/limits.ts";
import { statuses } from "../../../../shared/task/states.ts";
import type { TaskResponse } from "../../../api/tasks/responses.ts";
import type { Bind } from "../../bind.ts";
import { exit, unwrap, usageError } from "../../exit.ts";
import { costText, count } from "../../output/format.ts";
import { table } from "../../output/table.ts";
import type { Session } from "../../session.ts";
import { addFilterOptions, type FilterOptions, parseFilter } from "../task_filter.ts";

interface Options extends FilterOptions {
  limit: string;
}

export function addList(program: Command, bind: Bind): void {
  const command = program
    .command("list")
    .description("list tasks, newest first")
    .addOption(new Option("--status <status>", "only tasks with this status").choices(statuses));
  addFilterOptions(command)
    .option("--limit <n>", "maximum number of tasks", String(commandLineLimits.listRowsDefault))
    .action(
      bind(async (session, options: Options) => {
        const limit = Number(options.limit);
        if (!Number.isInteger(limit) || limit < 1) {
          throw usageError("--limit must be a whole number from 1");
        }
        const tasks = await fetchTasks(session, queryOf(options), limit);
        if (session.json) for (const task of tasks) session.printJson(task);
        else if (tasks.length === 0) session.print("No tasks.");
        else {
          const head = ["task", "custom id", "status", "reason", "tokens", "cost", "created"];
          session.context.write(`${table(head, tasks.map(rowOf), session.context)}\n`);
        }
        return exit.ok;
      }),
    );
}

/** Reads pages until there are `limit` tasks: a page can be shorter than its limit. */
async function fetchTasks(
  session: Session,
  query: URLSearchParams,
  limit: number,
): Promise<TaskResponse[]> {
  const allTasks: TaskResponse[] = [];
  for (;;) {
    query.set("limit", String(Math.min(limit - allTasks.length, storeLimits.pageRowsMax)));
    const { tasks, next_cursor } = unwrap(await session.client()("GET /v1/tasks", { query }));
    allTasks.push(...tasks);
    if (next_cursor === null || allTasks.length >= limit) return allTasks;
    query.set("cursor", next_cursor);
  }
}

function queryOf(options: Options): URLSearchParams {
  const { labels = {}, status = [], ...fields } = parseFilter(options, statuses, "listed");
  const query = new URLSearchParams({ ...fields, ...(status[0] && { status: status[0] }) });
  for (const [key, value] of Object.entries(labels)) query.set(`label.${key}`, value);
  return query;
}

function rowOf(task: TaskResponse): string[] {
  const wasRedriven = (task.history ?? []).length > 0;
  return [
    task.id,
    task.custom_id ?? "",
    task.status,
    [task.reason, wasRedriven ? "redriven" : null].filter((part) => part !== null).join(", "),
    count(task.usage.prompt_tokens + task.usage.completion_tokens),
    costText(task.usage, task.model),
    task.created_at,
  ];
}
