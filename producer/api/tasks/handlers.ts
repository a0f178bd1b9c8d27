/** Tasks: submit, read, list, cancel, redrive; and the dead letters among them. */

import { isTaskId } from "../../../shared/identity/ids.ts";
import { taskLimits } from "../../../shared/limits.ts";
import { err, ok } from "../../../shared/result.ts";
import { readLastUsages } from "../../../shared/store/tasks/journal.ts";
import { listTasks } from "../../../shared/store/tasks/task_list.ts";
import type { TaskRow } from "../../../shared/store/tasks/task_row.ts";
import { readTask, requestCancel } from "../../../shared/store/tasks/tasks.ts";
import { isTerminal } from "../../../shared/task/states.ts";
import type { ProducerEnv } from "../../env.ts";
import { readJson } from "../../http/body.ts";
import { invalidField } from "../../http/problem.ts";
import { type Handler, type Route, route } from "../../http/route.ts";
import { rowFinder } from "../../http/row_finder.ts";

import { cancelFiltered } from "../../tasks/cancel_many.ts";
import { redrive } from "../../tasks/redrive/redrive.ts";
import { redriveFiltered } from "../../tasks/redrive/redrive_many.ts";
import { sendTasks } from "../../tasks/send.ts";
import { submitTask } from "../../tasks/submit.ts";
import { attemptErrorsView, type TaskView, taskView } from "../../tasks/task_view.ts";
import * as operations from "./operations.ts";
import type { DeadLetterPage, TaskPage } from "./responses.ts";
import { readTaskFilter } from "./task_filter.ts";

export const findTask = rowFinder("task", isTaskId, readTask);

/** Running tasks get the usage that they have journaled so far. */
async function taskViews(env: ProducerEnv, rows: readonly TaskRow[]): Promise<TaskView[]> {
  const running = rows.filter((row) => row.status === "running").map((row) => row.id);
  const usages = running.length === 0 ? new Map() : await readLastUsages(env.DB, running);
  return rows.map((row) => taskView(row, usages.get(row.id) ?? null));
}

async function taskResponse(env: ProducerEnv, row: TaskRow, status: 200 | 202): Promise<Response> {
  const [view] = await taskViews(env, [row]);
  return Response.json(view, { status });
}

const handleSubmitTask: Handler = async ({ request, env, principal }) => {
  const body = await readJson(request, { bytesMax: taskLimits.bodyBytesMax });
  if (!body.ok) return body;
  const header = request.headers.get("idempotency-key");
  const submission = await submitTask(env, principal, body.value, header);
  if (!submission.ok) return submission;
  return ok(await taskResponse(env, submission.value.row, submission.value.isNew ? 202 : 200));
};

const handleGetTask: Handler = async (context) => {
  const task = await findTask(context);
  return task.ok ? ok(await taskResponse(context.env, task.value, 200)) : task;
};

const handleListTasks: Handler = async ({ env, principal, url }) => {
  const filter = readTaskFilter(operations.TaskQuery, url.searchParams);
  if (!filter.ok) return filter;
  const { tasks, next_cursor } = await listTasks(env.DB, principal.tenant, filter.value);
  const views = await taskViews(env, tasks);
  return ok(Response.json({ tasks: views, next_cursor } satisfies TaskPage));
};

/** Sends the message immediately, so that a task with a later due time settles now. */
const handleCancelTask: Handler = async (context) => {
  const { env, principal } = context;
  const task = await findTask(context);
  if (!task.ok) return task;
  const row = task.value;
  if (await requestCancel(env.DB, principal.tenant, row.id)) {
    await sendTasks(env, [{ ...row, not_before: null }]);
  }
  const after = (await readTask(env.DB, principal.tenant, row.id)) ?? row;
  // A cancel that came too late is a conflict, even where an earlier one was accepted.
  if (isTerminal(after.status) && after.status !== "cancelled") {
    return err({
      kind: "conflict",
      message: `this task is already ${after.status} and cannot be cancelled`,
    });
  }
  return ok(await taskResponse(env, after, 202));
};

const handleRedriveTask: Handler = async (context) => {
  const task = await findTask(context);
  if (!task.ok) return task;
  const body = await readJson(context.request, { bytesMax: taskLimits.bodyBytesMax });
  if (!body.ok) return body;
  const redriven = await redrive(context.env, context.principal, task.value, body.value);
  return redriven.ok ? ok(await taskResponse(context.env, redriven.value, 202)) : redriven;
};

const handleRedriveTasks: Handler = async ({ request, env, principal }) => {
  const body = await readJson(request, { bytesMax: taskLimits.bodyBytesMax });
  if (!body.ok) return body;
  const redriven = await redriveFiltered(env, principal, body.value);
  if (!redriven.ok) return redriven;
  const status = redriven.value.dry_run === true ? 200 : 202;
  return ok(Response.json(redriven.value, { status }));
};

const handleCancelTasks: Handler = async ({ request, env, principal }) => {
  const body = await readJson(request, { bytesMax: taskLimits.bodyBytesMax });
  if (!body.ok) return body;
  const result = await cancelFiltered(env, principal, body.value);
  if (!result.ok) return result;
  return ok(Response.json(result.value, { status: result.value.dry_run ? 200 : 202 }));
};

const handleListDeadLetters: Handler = async ({ env, principal, url }) => {
  if (!["dead", null].includes(url.searchParams.get("status"))) {
    const message = 'is always "dead" here: omit it, or list other tasks with GET /v1/tasks';
    return err(invalidField("status", message));
  }
  const filter = readTaskFilter(operations.DeadLetterQuery, url.searchParams);
  if (!filter.ok) return filter;
  const deadTasks = { ...filter.value, status: "dead" as const };
  const page = await listTasks(env.DB, principal.tenant, deadTasks);
  const tasks = page.tasks.map((row) => ({
    ...taskView(row),
    cause: row.error === null ? null : (JSON.parse(row.error) as DeadLetter["cause"]),
    attempt_errors: attemptErrorsView(JSON.parse(row.errors)),
  }));
  return ok(Response.json({ tasks, next_cursor: page.next_cursor } satisfies DeadLetterPage));
};

type DeadLetter = DeadLetterPage["tasks"][number];

export const taskRoutes: readonly Route[] = [
  route(operations.submitTask, handleSubmitTask),
  route(operations.listTasks, handleListTasks),
  route(operations.redriveTasks, handleRedriveTasks),
  route(operations.cancelTasks, handleCancelTasks),
  route(operations.getTask, handleGetTask),
  route(operations.cancelTask, handleCancelTask),
  route(operations.redriveTask, handleRedriveTask),
  route(operations.listDeadLetters, handleListDeadLetters),
];
