/** The egress log across tasks: decisions, the tasks that contacted a host, the hosts of a batch. */
import { Type } from "@sinclair/typebox";
import { batchIdPattern, taskIdPattern } from "../../../shared/identity/ids.ts";
import { storeLimits } from "../../../shared/limits.ts";
import { json, operation } from "../../http/operation.ts";
import { limitUpTo, strict } from "../../http/values.ts";
import { Action, DecisionPage, EgressTaskPage, HostList } from "./responses.ts";

/** At most one of `batch_id` and `task_id`. Each list has its own cursor format. */
export const EgressQuery = Type.Partial(
  Type.Object({
    batch_id: Type.String({ pattern: batchIdPattern, description: "a batch's id" }),
    task_id: Type.String({ pattern: taskIdPattern, description: "a task's id" }),
    host: Type.String({ description: "a host such as api.example.com" }),
    action: Action,
    policy: Type.String(),
    cursor: Type.String({ description: "`next_cursor` of the previous page" }),
    limit: limitUpTo(storeLimits.pageRowsMax, storeLimits.pageRowsDefault),
  }),
  strict,
);

/** The list of hosts is never paged, so it has no `cursor`. */
export const EgressHostQuery = Type.Omit(EgressQuery, ["cursor"], strict);

export const listEgress = operation({
  id: "listEgress",
  method: "GET",
  path: "/v1/egress",
  scope: "read",
  summary: "Lists egress decisions across tasks, newest task first.",
  query: EgressQuery,
  responses: { 200: json(DecisionPage) },
});

export const listEgressTasks = operation({
  id: "listEgressTasks",
  method: "GET",
  path: "/v1/egress/tasks",
  scope: "read",
  summary: "Lists the tasks that sent requests to a host, newest first.",
  query: EgressQuery,
  responses: { 200: json(EgressTaskPage) },
});

export const listEgressHosts = operation({
  id: "listEgressHosts",
  method: "GET",
  path: "/v1/egress/hosts",
  scope: "read",
  summary: "Lists the requested hosts of the newest decisions, most requests first; without pages.",
  query: EgressHostQuery,
  responses: { 200: json(HostList) },
});
