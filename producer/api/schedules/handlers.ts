/** Schedules: create, read, change, delete, run now. */

import { Value } from "@sinclair/typebox/value";
import { isScheduleId, newScheduleId } from "../../../shared/identity/ids.ts";
import { scheduleLimits, storeLimits } from "../../../shared/limits.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { findBatchByKey, readBatch } from "../../../shared/store/batches/batches.ts";
import {
  deleteSchedule,
  insertSchedule,
  listSchedules,
  readSchedule,
  type ScheduleFields,
  type ScheduleWrite,
  updateSchedule,
} from "../../../shared/store/schedules/schedules.ts";
import { endTick } from "../../../shared/store/schedules/ticks.ts";
import { type Schedule, SchedulePatch } from "../../../shared/task/schedule.ts";
import type { Principal } from "../../auth/principal.ts";
import { batchView } from "../../batches/batch_view.ts";
import { startBatch } from "../../batches/start.ts";
import type { ProducerEnv } from "../../env.ts";
import { readJson } from "../../http/body.ts";
import { notFound, type Problem } from "../../http/problem.ts";
import { pageOf, readQuery } from "../../http/query.ts";
import { type Handler, type Route, route } from "../../http/route.ts";
import { rowFinder } from "../../http/row_finder.ts";
import { nextTicks } from "../../schedules/cron.ts";
import { checkSchedule } from "../../schedules/schedule_check.ts";
import { submitTick } from "../../schedules/submit_tick.ts";
import { taskProblem } from "../../tasks/check/check.ts";
import { buildCheckScope } from "../../tasks/check/check_scope.ts";
import { explain } from "../../tasks/check/explain.ts";
import { readIdempotencyKey } from "../../tasks/idempotency.ts";
import * as operations from "./operations.ts";
import { scheduleOf, scheduleView, withLastTicks } from "./view.ts";

const findSchedule = rowFinder("schedule", isScheduleId, readSchedule);

function fieldsOf(id: string, principal: Principal, schedule: Schedule): ScheduleFields {
  const { tenant, scopes } = principal;
  const { name, cron, timezone, overlap, catch_up, enabled } = schedule;
  const [next = null] = enabled ? nextTicks(cron, timezone, Date.now(), 1) : [];
  return {
    ...{ id, tenant, name, cron, timezone, overlap, catch_up },
    template: JSON.stringify(schedule.template),
    items: JSON.stringify(schedule.items),
    enabled: enabled ? 1 : 0,
    scopes: JSON.stringify(scopes),
    key_id: principal.key?.id ?? null,
    next_at: next,
  };
}

const readBody = (request: Request) => readJson(request, { bytesMax: scheduleLimits.bodyBytesMax });

/** A batch of another tenant is answered as one that does not exist. */
async function checkSource(
  env: ProducerEnv,
  { tenant }: Principal,
  { items }: Schedule,
): Promise<Result<null, Problem>> {
  if (!("batch" in items) || (await readBatch(env.DB, tenant, items.batch)) !== null)
    return ok(null);
  const message = "there is no batch with this id: check the id";
  return err(taskProblem([{ path: "items.batch", message }]));
}

const handleCreateSchedule: Handler = async ({ request, env, principal }) => {
  const body = await readBody(request);
  if (!body.ok) return body;
  const valid = checkSchedule(body.value, buildCheckScope(env, principal));
  if (!valid.ok) return err(taskProblem(valid.error));
  const source = await checkSource(env, principal, valid.value);
  if (!source.ok) return source;
  const fields = fieldsOf(newScheduleId(), principal, valid.value);
  return respond(env, fields, await insertSchedule(env.DB, fields), 201);
};

const handleChangeSchedule: Handler = async (context) => {
  const { request, env, principal } = context;
  const existing = await findSchedule(context);
  if (!existing.ok) return existing;
  const body = await readBody(request);
  if (!body.ok) return body;
  if (!Value.Check(SchedulePatch, body.value)) {
    return err(taskProblem(explain(SchedulePatch, body.value)));
  }
  const newBody = { ...scheduleOf(existing.value), ...body.value };
  const valid = checkSchedule(newBody, buildCheckScope(env, principal));
  if (!valid.ok) return err(taskProblem(valid.error));
  if (body.value.items !== undefined) {
    const source = await checkSource(env, principal, valid.value);
    if (!source.ok) return source;
  }
  const fields = fieldsOf(existing.value.id, principal, valid.value);
  return respond(env, fields, await updateSchedule(env.DB, fields), 200);
};

async function respond(
  env: ProducerEnv,
  fields: ScheduleFields,
  write: ScheduleWrite,
  status: 200 | 201,
): Promise<Result<Response, Problem>> {
  if (!write.ok) return err(conflictOf(write.error, fields.name));
  const row = await readSchedule(env.DB, fields.tenant, fields.id);
  if (row === null) return err(notFound("schedule"));
  return ok(Response.json(await withLastTicks(env, row), { status }));
}

const conflictOf = (reason: "name_taken" | "too_many", name: string): Problem => ({
  kind: "conflict",
  message:
    reason === "name_taken"
      ? `a schedule named ${JSON.stringify(name)} already exists: change it with PATCH, or use another name`
      : `a tenant can have at most ${scheduleLimits.perTenantMax} schedules: delete one first`,
});

const handleGetSchedule: Handler = async (context) => {
  const schedule = await findSchedule(context);
  return schedule.ok
    ? ok(Response.json(await withLastTicks(context.env, schedule.value)))
    : schedule;
};

const handleListSchedules: Handler = async ({ env, principal, url }) => {
  const query = readQuery(operations.ScheduleQuery, url.searchParams);
  if (!query.ok) return query;
  const { cursor = null, limit = storeLimits.pageRowsDefault } = query.value;
  const rows = await listSchedules(env.DB, principal.tenant, cursor, limit);
  const { page, next_cursor } = pageOf(rows, limit);
  return ok(Response.json({ schedules: page.map(scheduleView), next_cursor }));
};

const handleDeleteSchedule: Handler = async (context) => {
  const schedule = await findSchedule(context);
  if (!schedule.ok) return schedule;
  const { id, tenant } = schedule.value;
  await deleteSchedule(context.env.DB, tenant, id);
  return ok(Response.json({ id, deleted: true }));
};

/** Runs immediately, even while the schedule is disabled or an earlier batch is running. */
const handleRunSchedule: Handler = async (context) => {
  const { request, env, principal } = context;
  const schedule = await findSchedule(context);
  if (!schedule.ok) return schedule;
  const key = readIdempotencyKey(request, undefined);
  if (!key.ok) return key;
  const row = schedule.value;
  const existing = key.value === null ? null : await findBatchByKey(env.DB, row.tenant, key.value);
  if (existing !== null) {
    if (existing.schedule_id === row.id) return ok(Response.json(await batchView(env, existing)));
    const message = `this idempotency key was already used for ${existing.id}, which is not a run of this schedule: use a new key`;
    return err({ kind: "conflict", message });
  }
  const now = Date.now();
  const submission = await submitTick(env, row, principal, { tickAt: now, key: key.value });
  if (!submission.ok) return submission;
  const batch = submission.value;
  await endTick(env.DB, row, now, {
    outcome: "submitted",
    missed: 0,
    batch_id: batch.id,
    problem: null,
  });
  context.waitUntil(startBatch(env, batch));
  return ok(Response.json(await batchView(env, batch), { status: 202 }));
};

export const scheduleRoutes: readonly Route[] = [
  route(operations.createSchedule, handleCreateSchedule),
  route(operations.listSchedules, handleListSchedules),
  route(operations.getSchedule, handleGetSchedule),
  route(operations.changeSchedule, handleChangeSchedule),
  route(operations.deleteSchedule, handleDeleteSchedule),
  route(operations.runSchedule, handleRunSchedule),
];
