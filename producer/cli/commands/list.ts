import { type Command, Option } from "commander";
import { commandLineLimits, storeLimits } from "../../../shared/limits.ts";
import { statuses } from "../../../shared/states.ts";
import type { TaskAnswer } from "../../api/tasks/responses.ts";
import { exit, required, wrongUsage } from "../exit.ts";
import { count, spent } from "../output/format.ts";
import { table } from "../output/table.ts";
import type { Bind } from "../program.ts";
import type { Session } from "../session.ts";

interface Options {
  status?: string;
  batch?: string;
  label: string[];
  limit: string;
}

export function addList(program: Command, bind: Bind): void {
  program
    .command("list")
    .description("list tasks, the newest first")
    .addOption(new Option("--status <status>", "only tasks in this status").choices(statuses))
    .option("--batch <id>", "only tasks of this batch")
    .option("--label <key=value>", "only tasks with this label; may be given again", gathered, [])
    .option("--limit <n>", "how many at most", String(commandLineLimits.listRowsDefault))
    .action(
      bind(async (session, options: Options) => {
        const limit = Number(options.limit);
        if (!Number.isInteger(limit) || limit < 1) {
          throw wrongUsage("--limit must be a whole number from 1");
        }
        const tasks = await listed(session, filterOf(options), limit);
        if (session.json) {
          for (const task of tasks) session.emit(task);
          return exit.done;
        }
        if (tasks.length === 0) {
          session.say("No tasks.");
          return exit.done;
        }
        const rows = tasks.map((task) => [
          task.id,
          task.custom_id ?? "",
          task.status,
          [task.reason, (task.history ?? []).length === 0 ? null : "redriven"]
            .filter((part) => part !== null)
            .join(", "),
          count(task.usage.prompt_tokens + task.usage.completion_tokens),
          spent(task.usage, task.model),
          task.created_at,
        ]);
        const head = ["task", "custom id", "status", "reason", "tokens", "cost", "created"];
        session.surroundings.write(`${table(head, rows, session.surroundings)}\n`);
        return exit.done;
      }),
    );
}

/** A page may hold fewer than there are, so pages are read until there are enough. */
async function listed(
  session: Session,
  filter: URLSearchParams,
  limit: number,
): Promise<TaskAnswer[]> {
  const found: TaskAnswer[] = [];
  for (;;) {
    filter.set("limit", String(Math.min(limit - found.length, storeLimits.pageRowsMax)));
    const { tasks, next_cursor } = required(
      await session.client()("GET /v1/tasks", { query: filter }),
    );
    found.push(...tasks);
    if (next_cursor === null || found.length >= limit) return found;
    filter.set("cursor", next_cursor);
  }
}

function filterOf({ status, batch, label }: Options): URLSearchParams {
  const filter = new URLSearchParams();
  if (status !== undefined) filter.set("status", status);
  if (batch !== undefined) filter.set("batch_id", batch);
  for (const pair of label) {
    const at = pair.indexOf("=");
    if (at < 1) throw wrongUsage(`--label ${pair}: write key=value`);
    filter.set(`label.${pair.slice(0, at)}`, pair.slice(at + 1));
  }
  return filter;
}

const gathered = (value: string, before: string[]): string[] => [...before, value];
