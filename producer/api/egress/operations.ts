/** The egress log across tasks: decisions, the tasks that touched a host, the hosts of a batch. */
import { Type } from "@sinclair/typebox";
import { batchIdPattern, taskIdPattern } from "../../../shared/ids.ts";
import { storeLimits } from "../../../shared/limits.ts";
import { json, operation } from "../../http/operation.ts";
import { limitUpTo } from "../tasks/operations.ts";
import { Action, DecisionPage, EgressTaskPage, HostList } from "./responses.ts";

/** One of `batch_id` and `task_id`; each listing has cursors of its own. */
export const EgressQuery = Type.Partial(
  Type.Object({
    batch_id: Type.String({ pattern: batchIdPattern, description: "a batch's id" }),
    task_id: Type.String({ pattern: taskIdPattern, description: "a task's id" }),
    host: Type.String({ description: "a host such as api.example.com" }),
    action: Action,
    policy: Type.String(),
    cursor: Type.String({ description: "a next_cursor as it was answered" }),
    limit: limitUpTo(storeLimits.pageRowsMax, storeLimits.pageRowsDefault),
  }),
  { additionalProperties: false },
);

/** Hosts have no pages. */
export const EgressHostQuery = Type.Omit(EgressQuery, ["cursor"], { additionalProperties: false });

export const listEgress = operation({
  id: "listEgress",
  method: "GET",
  path: "/v1/egress",
  scope: "read",
  about: "The decisions on many tasks' requests, the newest task first.",
  query: EgressQuery,
  answers: { 200: json(DecisionPage) },
});

export const listEgressTasks = operation({
  id: "listEgressTasks",
  method: "GET",
  path: "/v1/egress/tasks",
  scope: "read",
  about: "Which tasks touched a host, the newest first.",
  query: EgressQuery,
  answers: { 200: json(EgressTaskPage) },
});

export const listEgressHosts = operation({
  id: "listEgressHosts",
  method: "GET",
  path: "/v1/egress/hosts",
  scope: "read",
  about:
    "The hosts that were asked for, the most asked first, of the newest decisions; without pages.",
  query: EgressHostQuery,
  answers: { 200: json(HostList) },
});
