/** Tasks: submit, read, list, cancel, redrive. */
import { Type } from "@sinclair/typebox";
import { batchIdPattern, taskIdPattern } from "../../../shared/ids.ts";
import { storeLimits } from "../../../shared/limits.ts";
import { ManyRedrive, Redrive } from "../../../shared/redrive.ts";
import { reasons, statuses } from "../../../shared/states.ts";
import { DurableTask } from "../../../shared/task.ts";
import { json, operation } from "../../http/operation.ts";
import { Redriven } from "../batches/responses.ts";
import { TaskAnswer, TaskPage } from "./responses.ts";

const strict = { additionalProperties: false } as const;

/** How many rows a page holds. */
export const limitUpTo = (maximum: number, fallback: number) =>
  Type.Integer({ minimum: 1, maximum, default: fallback });

/** What a list of tasks may be narrowed by; `label.<key>` comes beside it. */
export const TaskQuery = Type.Partial(
  Type.Object({
    status: Type.Union(statuses.map((status) => Type.Literal(status))),
    reason: Type.Union(reasons.map((reason) => Type.Literal(reason))),
    error_code: Type.String({
      pattern: "^[a-z0-9_]{1,64}$",
      description: "an error's code, such as model_unavailable",
    }),
    batch_id: Type.String({ pattern: batchIdPattern, description: "a batch's id" }),
    cursor: Type.String({
      pattern: taskIdPattern,
      description: "a next_cursor as it was answered",
    }),
    limit: limitUpTo(storeLimits.pageRowsMax, storeLimits.pageRowsDefault),
  }),
  strict,
);

export const submitTask = operation({
  id: "submitTask",
  method: "POST",
  path: "/v1/tasks",
  scope: "submit",
  adds: true,
  about: "Accepts one task; 200 where its idempotency key had made it before.",
  idempotent: true,
  body: json(DurableTask),
  answers: { 202: json(TaskAnswer), 200: json(TaskAnswer) },
  refuses: ["conflict"],
});

export const listTasks = operation({
  id: "listTasks",
  method: "GET",
  path: "/v1/tasks",
  scope: "read",
  about: "Lists tasks, the newest first.",
  query: TaskQuery,
  labelled: true,
  answers: { 200: json(TaskPage) },
});

export const redriveTasks = operation({
  id: "redriveTasks",
  method: "POST",
  path: "/v1/tasks/redrive",
  scope: "submit",
  adds: true,
  about: "Redrives the tasks that a filter chooses, at most so many a call.",
  body: json(ManyRedrive),
  answers: { 202: json(Redriven) },
});

export const getTask = operation({
  id: "getTask",
  method: "GET",
  path: "/v1/tasks/:id",
  scope: "read",
  about: "The task.",
  answers: { 200: json(TaskAnswer) },
});

export const cancelTask = operation({
  id: "cancelTask",
  method: "POST",
  path: "/v1/tasks/:id/cancel",
  scope: "submit",
  about: "Cancels a task: it settles before its next step.",
  answers: { 202: json(TaskAnswer) },
  refuses: ["conflict"],
});

export const redriveTask = operation({
  id: "redriveTask",
  method: "POST",
  path: "/v1/tasks/:id/redrive",
  scope: "submit",
  adds: true,
  about: "Sends a task that failed, died, expired or was cancelled through again.",
  body: json(Redrive),
  answers: { 202: json(TaskAnswer) },
  refuses: ["conflict"],
});
