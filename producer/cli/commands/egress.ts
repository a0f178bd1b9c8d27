import { type Command, Option } from "commander";
import type { DecisionAnswer, HostAnswer } from "../../api/egress/responses.ts";
import { exit, required, wrongUsage } from "../exit.ts";
import { pagesOf } from "../output/doc_links.ts";
import { bytes, counted } from "../output/format.ts";
import { table } from "../output/table.ts";
import type { Bind } from "../program.ts";
import { kindOf, mustExist, type Session } from "../session.ts";

interface Options {
  host?: string;
  action?: DecisionAnswer["action"];
  byHost?: boolean;
}

type Row = DecisionAnswer & { task_id: string; custom_id: string | null };

export function addEgress(program: Command, bind: Bind): void {
  program
    .command("egress [id]")
    .description(
      "every request that a task, or any task of a batch, made and what was decided of it; without an id, the tasks that touched --host",
    )
    .option("--host <host>", "only requests to this host, on any port unless one is named")
    .addOption(
      new Option("--action <action>", "only what was decided so").choices([
        "allow",
        "inject",
        "deny",
      ]),
    )
    .option("--by-host", "one row for each host: requests, denials and why")
    .action(
      bind(async (session, id: string | undefined, options: Options) => {
        if (options.byHost === true) return await byHost(session, id, options);
        if (id === undefined) return await tasksOf(session, options);
        return await decisionsOf(session, id, options);
      }),
    );
}

/** The filters as the API takes them. */
function queryOf(id: string | undefined, { host, action }: Options): URLSearchParams {
  const query = new URLSearchParams({ limit: "500" });
  if (id !== undefined) query.set(kindOf(id) === "task" ? "task_id" : "batch_id", id);
  if (host !== undefined) query.set("host", host);
  if (action !== undefined) query.set("action", action);
  return query;
}

async function decisionsOf(session: Session, id: string, options: Options) {
  const whole = options.host === undefined && options.action === undefined;
  const rows =
    whole && kindOf(id) === "task"
      ? required(await session.client()("GET /v1/tasks/:id/egress", { id })).decisions.map(
          (one) => ({
            task_id: id,
            custom_id: null,
            ...one,
          }),
        )
      : await listed(session, id, options);
  return print(
    session,
    rows,
    ["at", "task", "action", "status", "method", "reason", "in", "out", "url"],
    (d) => [
      d.at,
      d.custom_id ?? d.task_id,
      d.action,
      d.status === null ? "" : String(d.status),
      d.method,
      d.reason,
      String(d.bytes_in),
      String(d.bytes_out),
      d.url,
    ],
  );
}

/** The log lists the newest first; people read what happened in the order in which it did. */
async function listed(session: Session, id: string, options: Options): Promise<Row[]> {
  await mustExist(session, id);
  const rows = await pagesOf<Row>(queryOf(id, options), async (query) => {
    const { decisions, next_cursor } = required(
      await session.client()("GET /v1/egress", { query: query }),
    );
    return { page: decisions, next_cursor };
  });
  return rows.reverse().sort((a, b) => (a.at < b.at ? -1 : Number(a.at > b.at)));
}

async function tasksOf(session: Session, options: Options) {
  if (options.host === undefined) {
    throw wrongUsage(
      "name a task or a batch, or a host with --host to find the tasks that touched it",
    );
  }
  const rows = await pagesOf(queryOf(undefined, options), async (query) => {
    const { tasks, next_cursor } = required(
      await session.client()("GET /v1/egress/tasks", { query }),
    );
    return { page: tasks, next_cursor };
  });
  return print(session, rows, ["last", "requests", "denied", "in", "out", "task"], (task) => [
    task.last_at,
    String(task.requests),
    String(task.denied),
    bytes(task.bytes_in),
    bytes(task.bytes_out),
    task.custom_id === null ? task.task_id : `${task.task_id} (${task.custom_id})`,
  ]);
}

async function byHost(session: Session, id: string | undefined, options: Options) {
  if (id !== undefined) await mustExist(session, id);
  const query = queryOf(id, options);
  const { hosts, truncated, looked_at, more } = required(
    await session.client()("GET /v1/egress/hosts", { query }),
  );
  const code = print(
    session,
    hosts,
    ["host", "requests", "denied", "in", "out", "outcomes"],
    (h) => [
      h.host === "" ? "(none)" : h.host,
      String(h.requests),
      String(h.denied),
      bytes(h.bytes_in),
      bytes(h.bytes_out),
      outcomesOf(h),
    ],
  );
  if (truncated)
    session.surroundings.warn(
      `only the ${counted(hosts.length, "host")} asked for most: narrow it with --host or --action\n`,
    );
  if (more)
    session.surroundings.warn(
      `only the newest ${counted(looked_at, "decision")} are counted: name ${id === undefined ? "a batch or a task" : "a task"}\n`,
    );
  return code;
}

/** Such as `12 allow, 3 no_rule`: what was permitted by its action, what was not by its reason. */
function outcomesOf({ outcomes }: HostAnswer): string {
  return outcomes
    .map(({ action, reason, requests }) => {
      const word = reason === "rule" ? action : reason;
      return `${requests} ${word}`;
    })
    .join(", ");
}

function print<T>(
  session: Session,
  rows: readonly T[],
  head: readonly string[],
  cells: (row: T) => string[],
): typeof exit.done {
  const { write } = session.surroundings;
  if (session.json) for (const row of rows) session.emit(row);
  else if (rows.length === 0) session.say("No requests.");
  else write(`${table(head, rows.map(cells), session.surroundings)}\n`);
  return exit.done;
}
