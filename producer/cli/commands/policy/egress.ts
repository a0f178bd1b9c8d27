import { type Command, Option } from "commander";
import type { DecisionResponse, HostResponse } from "../../../api/egress/responses.ts";
import type { Bind } from "../../bind.ts";
import { type ExitCode, exit, unwrap, usageError } from "../../exit.ts";
import { bytes, countText } from "../../output/format.ts";
import { table } from "../../output/table.ts";
import { readAllPages } from "../../pages.ts";
import { kindOf, mustExist, type Session } from "../../session.ts";

interface Options {
  host?: string;
  action?: DecisionResponse["action"];
  byHost?: boolean;
}

type Row = DecisionResponse & { task_id: string; custom_id: string | null };

export function addEgress(program: Command, bind: Bind): void {
  program
    .command("egress [id]")
    .description(
      "list the requests of a task or a batch with their egress decisions; without an id, list the tasks that requested --host",
    )
    .option("--host <host>", "only requests to this host, on any port unless it names one")
    .addOption(
      new Option("--action <action>", "only requests with this decision").choices([
        "allow",
        "inject",
        "deny",
      ]),
    )
    .option("--by-host", "one row per host: requests, denials and reasons")
    .action(
      bind(async (session, id: string | undefined, options: Options) => {
        if (options.byHost === true) return await listHosts(session, id, options);
        if (id === undefined) return await listTasks(session, options);
        return await listDecisions(session, id, options);
      }),
    );
}

function queryOf(id: string | undefined, { host, action }: Options): URLSearchParams {
  const query = new URLSearchParams({ limit: "500" });
  if (id !== undefined) query.set(kindOf(id) === "task" ? "task_id" : "batch_id", id);
  if (host !== undefined) query.set("host", host);
  if (action !== undefined) query.set("action", action);
  return query;
}

async function listDecisions(session: Session, id: string, options: Options): Promise<ExitCode> {
  const hasFilter = options.host !== undefined || options.action !== undefined;
  const rows =
    !hasFilter && kindOf(id) === "task"
      ? await fetchTaskDecisions(session, id)
      : await fetchDecisions(session, id, options);
  const head = ["at", "task", "action", "status", "method", "reason", "in", "out", "url"];
  return printRows(session, rows, head, (row) => [
    row.at,
    row.custom_id ?? row.task_id,
    row.action,
    row.status === null ? "" : String(row.status),
    row.method,
    row.reason,
    String(row.bytes_in),
    String(row.bytes_out),
    row.url,
  ]);
}

async function fetchTaskDecisions(session: Session, id: string): Promise<Row[]> {
  const { decisions } = unwrap(await session.client()("GET /v1/tasks/:id/egress", { id }));
  return decisions.map((decision) => ({ task_id: id, custom_id: null, ...decision }));
}

/** The log lists the newest first; the table is in the order of time. */
async function fetchDecisions(session: Session, id: string, options: Options): Promise<Row[]> {
  await mustExist(session, id);
  const query = queryOf(id, options);
  const rows = await readAllPages<Row>(async (cursor) => {
    if (cursor !== null) query.set("cursor", cursor);
    const { decisions, next_cursor } = unwrap(await session.client()("GET /v1/egress", { query }));
    return { page: decisions, next_cursor };
  });
  return rows.reverse().sort((a, b) => (a.at < b.at ? -1 : Number(a.at > b.at)));
}

async function listTasks(session: Session, options: Options): Promise<ExitCode> {
  if (options.host === undefined) {
    throw usageError("name a task or a batch, or pass --host to find the tasks that requested it");
  }
  const query = queryOf(undefined, options);
  const rows = await readAllPages(async (cursor) => {
    if (cursor !== null) query.set("cursor", cursor);
    const { tasks, next_cursor } = unwrap(
      await session.client()("GET /v1/egress/tasks", { query }),
    );
    return { page: tasks, next_cursor };
  });
  return printRows(session, rows, ["last", "requests", "denied", "in", "out", "task"], (row) => [
    row.last_at,
    String(row.requests),
    String(row.denied),
    bytes(row.bytes_in),
    bytes(row.bytes_out),
    row.custom_id === null ? row.task_id : `${row.task_id} (${row.custom_id})`,
  ]);
}

async function listHosts(
  session: Session,
  id: string | undefined,
  options: Options,
): Promise<ExitCode> {
  if (id !== undefined) await mustExist(session, id);
  const query = queryOf(id, options);
  const { hosts, truncated, looked_at, more } = unwrap(
    await session.client()("GET /v1/egress/hosts", { query }),
  );
  const head = ["host", "requests", "denied", "in", "out", "outcomes"];
  const code = printRows(session, hosts, head, (row) => [
    row.host === "" ? "(none)" : row.host,
    String(row.requests),
    String(row.denied),
    bytes(row.bytes_in),
    bytes(row.bytes_out),
    outcomesText(row),
  ]);
  const { warn } = session.context;
  if (truncated) {
    warn(
      `only the ${countText(hosts.length, "host")} with the most requests: filter with --host or --action\n`,
    );
  }
  if (more) {
    const narrower = id === undefined ? "a batch or a task" : "a task";
    warn(`only the newest ${countText(looked_at, "decision")} are counted: name ${narrower}\n`);
  }
  return code;
}

/** Such as `12 allow, 3 no_rule`: permitted requests by action, others by reason. */
function outcomesText({ outcomes }: HostResponse): string {
  return outcomes
    .map(({ action, reason, requests }) => `${requests} ${reason === "rule" ? action : reason}`)
    .join(", ");
}

function printRows<T>(
  session: Session,
  rows: readonly T[],
  head: readonly string[],
  cells: (row: T) => string[],
): ExitCode {
  if (session.json) for (const row of rows) session.printJson(row);
  else if (rows.length === 0) session.print("No requests.");
  else session.context.write(`${table(head, rows.map(cells), session.context)}\n`);
  return exit.ok;
}
