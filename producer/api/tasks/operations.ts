/** Tasks: submit, read, list, cancel, redrive; and the dead letters among them. */
import { Type } from "@sinclair/typebox";
import { batchIdPattern, taskIdPattern } from "../../../shared/identity/ids.ts";
import { storeLimits } from "../../../shared/limits.ts";
import { ManyRedrive, Redrive } from "../../../shared/task/redrive.ts";
import { reasons, statuses } from "../../../shared/task/states.ts";
import { DurableTask, timestamp } from "../../../shared/task/task.ts";
import { ManyCancel } from "../../../shared/task/task_filter.ts";
import { json, operation } from "../../http/operation.ts";
import { cursorOf, limitUpTo, oneOf, strict } from "../../http/values.ts";
import { RedriveResponse } from "../batches/responses.ts";
import { DeadLetterPage, ManyCancelResponse, TaskPage, TaskResponse } from "./responses.ts";

/** The filters of a list of tasks; `label.<key>` is read separately. */
export const TaskQuery = Type.Partial(
  Type.Object({
    status: oneOf(statuses),
    reason: oneOf(reasons),
    error_code: Type.String({
      pattern: "^[a-z0-9_]{1,64}$",
      description: "an error's code, such as `model_unavailable`",
    }),
    batch_id: Type.String({ pattern: batchIdPattern, description: "a batch's id" }),
    custom_id: Type.String({ minLength: 1, maxLength: 255 }),
    created_after: timestamp,
    created_before: timestamp,
    cursor: cursorOf(taskIdPattern),
    limit: limitUpTo(storeLimits.pageRowsMax, storeLimits.pageRowsDefault),
  }),
  strict,
);

export const submitTask = operation({
  id: "submitTask",
  method: "POST",
  path: "/v1/tasks",
  scope: "submit",
  addsWork: true,
  summary: "Submits one task; 200 if the idempotency key was used before with the same body.",
  idempotent: true,
  body: json(DurableTask),
  responses: { 202: json(TaskResponse), 200: json(TaskResponse) },
  errors: ["conflict"],
});

export const listTasks = operation({
  id: "listTasks",
  method: "GET",
  path: "/v1/tasks",
  scope: "read",
  summary: "Lists tasks, newest first.",
  query: TaskQuery,
  takesLabels: true,
  responses: { 200: json(TaskPage) },
});

export const redriveTasks = operation({
  id: "redriveTasks",
  method: "POST",
  path: "/v1/tasks/redrive",
  scope: "submit",
  addsWork: true,
  summary:
    "Redrives the tasks that match a filter, up to a fixed number per call; 200 for a dry run.",
  body: json(ManyRedrive),
  responses: { 202: json(RedriveResponse), 200: json(RedriveResponse) },
});

export const cancelTasks = operation({
  id: "cancelTasks",
  method: "POST",
  path: "/v1/tasks/cancel",
  scope: "submit",
  summary: "Cancels the unsettled tasks that match a filter, up to a fixed number per call.",
  body: json(ManyCancel),
  responses: { 202: json(ManyCancelResponse), 200: json(ManyCancelResponse) },
});

export const getTask = operation({
  id: "getTask",
  method: "GET",
  path: "/v1/tasks/:id",
  scope: "read",
  summary: "Returns a task.",
  responses: { 200: json(TaskResponse) },
});

export const cancelTask = operation({
  id: "cancelTask",
  method: "POST",
  path: "/v1/tasks/:id/cancel",
  scope: "submit",
  summary: "Cancels a task: it settles before its next step.",
  responses: { 202: json(TaskResponse) },
  errors: ["conflict"],
});

export const redriveTask = operation({
  id: "redriveTask",
  method: "POST",
  path: "/v1/tasks/:id/redrive",
  scope: "submit",
  addsWork: true,
  summary: "Runs a failed, dead, expired or cancelled task again.",
  body: json(Redrive),
  responses: { 202: json(TaskResponse) },
  errors: ["conflict"],
});

/** The status is always `dead`; naming it is allowed. */
export const DeadLetterQuery = Type.Composite(
  [Type.Omit(TaskQuery, ["status"]), Type.Object({ status: Type.Optional(Type.Literal("dead")) })],
  strict,
);

export const listDeadLetters = operation({
  id: "listDeadLetters",
  method: "GET",
  path: "/v1/dead_letters",
  scope: "read",
  summary: "Lists dead tasks, each with its cause, newest first.",
  query: DeadLetterQuery,
  takesLabels: true,
  responses: { 200: json(DeadLetterPage) },
});
