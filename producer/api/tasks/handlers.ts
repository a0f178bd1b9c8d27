/** Tasks: submit, read, list, cancel, redrive. */
import { isTaskId } from "../../../shared/ids.ts";
import { taskLimits } from "../../../shared/limits.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { lastUsages } from "../../../shared/store/journal.ts";
import type { TaskRow } from "../../../shared/store/task_row.ts";
import { listTasks, readTask, requestCancel } from "../../../shared/store/tasks.ts";
import { readJson } from "../../http/body.ts";
import { type Call, type Handler, type Route, route } from "../../http/call.ts";
import { notFound, type Problem } from "../../http/problem.ts";
import { readTaskFilter } from "../../http/query.ts";
import { redrive } from "../../tasks/redrive.ts";
import { redriveChosen } from "../../tasks/redrive_many.ts";
import { sendTasks } from "../../tasks/send.ts";
import { submitTask } from "../../tasks/submit.ts";
import { type TaskView, taskView } from "../../tasks/view.ts";
import * as operations from "../operations.ts";

/** The task that the path names, if it is the caller's. */
export async function taskOf({ env, principal, param }: Call): Promise<Result<TaskRow, Problem>> {
  const id = param("id");
  const row = isTaskId(id) ? await readTask(env.DB, principal.tenant, id) : null;
  return row === null ? err(notFound("task")) : ok(row);
}

/** Rows as views, running ones with the usage they have journaled so far. */
export async function taskViews(env: Call["env"], rows: readonly TaskRow[]): Promise<TaskView[]> {
  const running = rows.filter((row) => row.status === "running").map((row) => row.id);
  const usages = running.length === 0 ? new Map() : await lastUsages(env.DB, running);
  return rows.map((row) => taskView(row, usages.get(row.id) ?? null));
}

async function oneView(env: Call["env"], row: TaskRow, status: 200 | 202): Promise<Response> {
  const [view] = await taskViews(env, [row]);
  return Response.json(view, { status });
}

const post: Handler = async ({ request, env, principal }) => {
  const body = await readJson(request, { bytesMax: taskLimits.bodyBytesMax });
  if (!body.ok) return body;
  const header = request.headers.get("idempotency-key");
  const accepted = await submitTask(env, principal, body.value, header);
  if (!accepted.ok) return accepted;
  return ok(await oneView(env, accepted.value.row, accepted.value.fresh ? 202 : 200));
};

const get: Handler = async (call) => {
  const task = await taskOf(call);
  return task.ok ? ok(await oneView(call.env, task.value, 200)) : task;
};

const list: Handler = async ({ env, principal, url }) => {
  const filter = readTaskFilter(operations.TaskQuery, url.searchParams);
  if (!filter.ok) return filter;
  const { tasks, next_cursor } = await listTasks(env.DB, principal.tenant, filter.value);
  return ok(Response.json({ tasks: await taskViews(env, tasks), next_cursor }));
};

/** The message goes out at once, so that a task waiting for its time settles now. */
const cancel: Handler = async (call) => {
  const { env, principal } = call;
  const task = await taskOf(call);
  if (!task.ok) return task;
  const row = task.value;
  if (await requestCancel(env.DB, principal.tenant, row.id)) {
    await sendTasks(env, [{ ...row, not_before: null }]);
  }
  const after = (await readTask(env.DB, principal.tenant, row.id)) ?? row;
  if (after.cancel_requested_at === null && after.status !== "cancelled") {
    return err({
      kind: "conflict",
      message: `this task is ${after.status} already: there is nothing left to cancel`,
    });
  }
  return ok(await oneView(env, after, 202));
};

const postRedrive: Handler = async (call) => {
  const task = await taskOf(call);
  if (!task.ok) return task;
  const body = await readJson(call.request, { bytesMax: taskLimits.bodyBytesMax });
  if (!body.ok) return body;
  const again = await redrive(call.env, call.principal, task.value, body.value);
  return again.ok ? ok(await oneView(call.env, again.value, 202)) : again;
};

const postRedriveChosen: Handler = async ({ request, env, principal }) => {
  const body = await readJson(request, { bytesMax: taskLimits.bodyBytesMax });
  if (!body.ok) return body;
  const told = await redriveChosen(env, principal, body.value);
  return told.ok ? ok(Response.json(told.value, { status: 202 })) : told;
};

export const taskRoutes: readonly Route[] = [
  route(operations.submitTask, post),
  route(operations.listTasks, list),
  route(operations.redriveTasks, postRedriveChosen),
  route(operations.getTask, get),
  route(operations.cancelTask, cancel),
  route(operations.redriveTask, postRedrive),
];
