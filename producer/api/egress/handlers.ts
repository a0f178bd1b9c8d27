/** The egress log across tasks: decisions, the tasks that contacted a host, the hosts of a batch. */
import { isTaskId } from "../../../shared/identity/ids.ts";
import { err, ok } from "../../../shared/result.ts";
import { listEgressHosts } from "../../../shared/store/egress/egress_hosts.ts";
import {
  type EgressKey,
  type ListedEgressRow,
  listEgress,
  listEgressTasks,
} from "../../../shared/store/egress/egress_list.ts";
import { type Handler, type Route, route } from "../../http/route.ts";
import { decisionView, isoTime } from "../../tasks/task_view.ts";
import * as operations from "./operations.ts";
import { invalidCursor, readEgressQuery } from "./query.ts";
import type { DecisionPage, EgressTaskPage, HostList, HostResponse } from "./responses.ts";

const handleListDecisions: Handler = async ({ env, principal, url }) => {
  const query = readEgressQuery(operations.EgressQuery, url.searchParams);
  if (!query.ok) return query;
  const { filter, limit } = query.value;
  const cursor = query.value.cursor === null ? null : parseCursor(query.value.cursor);
  if (cursor === undefined) return err(invalidCursor);
  const rows = await listEgress(env.DB, principal.tenant, filter, cursor, limit);
  const page = rows.slice(0, limit);
  const last = rows.length > limit ? page.at(-1) : undefined;
  const next_cursor = last === undefined ? null : formatCursor(last);
  return ok(
    Response.json({ decisions: page.map(taskDecisionView), next_cursor } satisfies DecisionPage),
  );
};

const taskDecisionView = ({ custom_id, fence: _, ...row }: ListedEgressRow) => ({
  task_id: row.task_id,
  custom_id,
  host: row.host,
  ...decisionView(row),
});

const formatCursor = ({ task_id, seq, n, fence }: EgressKey): string =>
  [task_id, seq, n, fence].join(".");

/** Undefined if the text is not a cursor. */
function parseCursor(text: string): EgressKey | undefined {
  const [task_id = "", ...numbers] = text.split(".");
  const [seq, n, fence] = numbers.map(Number);
  if (
    !isTaskId(task_id) ||
    numbers.length !== 3 ||
    !numbers.every((number) => /^\d{1,9}$/.test(number))
  ) {
    return undefined;
  }
  return { task_id, seq: seq ?? 0, n: n ?? 0, fence: fence ?? 0 };
}

const handleListTasks: Handler = async ({ env, principal, url }) => {
  const query = readEgressQuery(operations.EgressQuery, url.searchParams);
  if (!query.ok) return query;
  const { filter, cursor, limit } = query.value;
  if (cursor !== null && !isTaskId(cursor)) return err(invalidCursor);
  const rows = await listEgressTasks(env.DB, principal.tenant, filter, cursor, limit);
  const page = rows.slice(0, limit);
  const next_cursor = rows.length > limit ? (page.at(-1)?.task_id ?? null) : null;
  const tasks = page.map((row) => ({
    ...row,
    first_at: isoTime(row.first_at),
    last_at: isoTime(row.last_at),
  }));
  return ok(Response.json({ tasks, next_cursor } satisfies EgressTaskPage));
};

const handleListHosts: Handler = async ({ env, principal, url }) => {
  const query = readEgressQuery(operations.EgressHostQuery, url.searchParams);
  if (!query.ok) return query;
  const { filter, limit } = query.value;
  const list = await listEgressHosts(env.DB, principal.tenant, filter, limit);
  const hosts = list.hosts.slice(0, limit).map((row) => ({
    ...row,
    last_at: isoTime(row.last_at),
    outcomes: JSON.parse(row.outcomes) as HostResponse["outcomes"],
  }));
  const response: HostList = {
    hosts,
    truncated: list.hosts.length > limit,
    looked_at: list.scanned,
    more: list.more,
  };
  return ok(Response.json(response));
};

export const egressRoutes: readonly Route[] = [
  route(operations.listEgress, handleListDecisions),
  route(operations.listEgressTasks, handleListTasks),
  route(operations.listEgressHosts, handleListHosts),
];
