/** The egress log across tasks: decisions, the tasks that touched a host, the hosts of a batch. */
import { isTaskId } from "../../../shared/ids.ts";
import { err, ok } from "../../../shared/result.ts";
import {
  type EgressKey,
  type ListedEgressRow,
  listEgress,
  listEgressHosts,
  listEgressTasks,
} from "../../../shared/store/egress_log.ts";
import { type Handler, type Route, route } from "../../http/call.ts";
import { notACursor, readEgressQuery } from "../../http/egress_query.ts";
import { decisionView, isoTime } from "../../tasks/view.ts";
import * as operations from "../operations.ts";
import type { HostAnswer, HostList } from "./responses.ts";

const decisions: Handler = async ({ env, principal, url }) => {
  const query = readEgressQuery(operations.EgressQuery, url.searchParams);
  if (!query.ok) return query;
  const { filter, limit } = query.value;
  const cursor = query.value.cursor === null ? null : keyOf(query.value.cursor);
  if (cursor === undefined) return err(notACursor);
  const rows = await listEgress(env.DB, principal.tenant, filter, cursor, limit);
  const page = rows.slice(0, limit);
  const last = rows.length > limit ? page.at(-1) : undefined;
  const next_cursor = last === undefined ? null : cursorOf(last);
  return ok(Response.json({ decisions: page.map(listedView), next_cursor }));
};

const listedView = ({ custom_id, fence: _, ...row }: ListedEgressRow) => ({
  task_id: row.task_id,
  custom_id,
  host: row.host,
  ...decisionView(row),
});

const cursorOf = ({ task_id, seq, n, fence }: EgressKey): string =>
  [task_id, seq, n, fence].join(".");

/** Undefined where the text is no cursor. */
function keyOf(text: string): EgressKey | undefined {
  const [task_id = "", ...numbers] = text.split(".");
  const [seq, n, fence] = numbers.map(Number);
  if (
    !isTaskId(task_id) ||
    numbers.length !== 3 ||
    !numbers.every((one) => /^\d{1,9}$/.test(one))
  ) {
    return undefined;
  }
  return { task_id, seq: seq ?? 0, n: n ?? 0, fence: fence ?? 0 };
}

const tasks: Handler = async ({ env, principal, url }) => {
  const query = readEgressQuery(operations.EgressQuery, url.searchParams);
  if (!query.ok) return query;
  const { filter, cursor, limit } = query.value;
  if (cursor !== null && !isTaskId(cursor)) return err(notACursor);
  const rows = await listEgressTasks(env.DB, principal.tenant, filter, cursor, limit);
  const page = rows.slice(0, limit);
  const next_cursor = rows.length > limit ? (page.at(-1)?.task_id ?? null) : null;
  const views = page.map((row) => ({
    ...row,
    first_at: isoTime(row.first_at),
    last_at: isoTime(row.last_at),
  }));
  return ok(Response.json({ tasks: views, next_cursor }));
};

/** The most asked first, without pages. */
const hosts: Handler = async ({ env, principal, url }) => {
  const query = readEgressQuery(operations.EgressHostQuery, url.searchParams);
  if (!query.ok) return query;
  const { filter, limit } = query.value;
  const found = await listEgressHosts(env.DB, principal.tenant, filter, limit);
  const views = found.hosts.slice(0, limit).map((row) => ({
    ...row,
    last_at: isoTime(row.last_at),
    outcomes: JSON.parse(row.outcomes) as HostAnswer["outcomes"],
  }));
  const answer: HostList = {
    hosts: views,
    truncated: found.hosts.length > limit,
    looked_at: found.lookedAt,
    more: found.more,
  };
  return ok(Response.json(answer));
};

export const egressRoutes: readonly Route[] = [
  route(operations.listEgress, decisions),
  route(operations.listEgressTasks, tasks),
  route(operations.listEgressHosts, hosts),
];
