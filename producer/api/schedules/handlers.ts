/** Schedules: create, read, change, delete, run now. */
import { Value } from "@sinclair/typebox/value";
import { isScheduleId, newScheduleId } from "../../../shared/ids.ts";
import { scheduleLimits, storeLimits } from "../../../shared/limits.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { type Schedule, SchedulePatch } from "../../../shared/schedule.ts";
import { findBatchByKey } from "../../../shared/store/batches.ts";
import {
  deleteSchedule,
  insertSchedule,
  listSchedules,
  readSchedule,
  type ScheduleFields,
  type ScheduleRow,
  updateSchedule,
  type Written,
} from "../../../shared/store/schedules.ts";
import { endTick, listTicks, type TickRow } from "../../../shared/store/ticks.ts";
import type { Principal } from "../../auth/auth.ts";
import { batchView } from "../../batches/batch_view.ts";
import { startBatch } from "../../batches/chain.ts";
import { readJson } from "../../http/body.ts";
import { type Call, type Handler, type Route, route } from "../../http/call.ts";
import { notFound, type Problem } from "../../http/problem.ts";
import { paged, readQuery } from "../../http/query.ts";
import { ticksAfter } from "../../schedules/cron.ts";
import { checkSchedule } from "../../schedules/schedule_check.ts";
import { submitTick } from "../../schedules/tick.ts";
import { refusedTask } from "../../tasks/check.ts";
import { checkScope } from "../../tasks/check_scope.ts";
import { explain } from "../../tasks/explain.ts";
import { idempotencyKey } from "../../tasks/idempotency.ts";
import { isoTime } from "../../tasks/view.ts";
import * as operations from "../operations.ts";

async function scheduleOf({ env, principal, param }: Call): Promise<Result<ScheduleRow, Problem>> {
  const id = param("id");
  const row = isScheduleId(id) ? await readSchedule(env.DB, principal.tenant, id) : null;
  return row === null ? err(notFound("schedule")) : ok(row);
}

const settings = (row: ScheduleRow): Schedule => ({
  name: row.name,
  cron: row.cron,
  timezone: row.timezone,
  template: JSON.parse(row.template) as Schedule["template"],
  items: JSON.parse(row.items) as Schedule["items"],
  overlap: row.overlap,
  catch_up: row.catch_up,
  enabled: row.enabled === 1,
});

/** With the next ticks, so that a person sees what the expression means before it runs. */
function scheduleView(row: ScheduleRow): Record<string, unknown> {
  const next =
    row.next_at === null
      ? []
      : ticksAfter(row.cron, row.timezone, row.next_at - 1, scheduleLimits.nextTicksShown);
  return {
    id: row.id,
    ...settings(row),
    key_id: row.key_id,
    next_ticks: next.map(isoTime),
    open_tick: row.open_tick === null ? null : openView(row.open_tick, row.open_problem),
    created_at: isoTime(row.created_at),
    updated_at: isoTime(row.updated_at),
  };
}

/** A tick that has begun and not ended; `error` says what it waits for, where it waits. */
const openView = (at: number, problem: string | null) => ({
  at: isoTime(at),
  error: problem === null ? null : (JSON.parse(problem) as unknown),
});

function tickView(tick: TickRow): Record<string, unknown> {
  return {
    at: isoTime(tick.tick_at),
    outcome: tick.outcome,
    batch_id: tick.batch_id,
    missed: tick.missed,
    error: tick.problem === null ? null : (JSON.parse(tick.problem) as unknown),
  };
}

const withTicks = async (env: Call["env"], row: ScheduleRow) => ({
  ...scheduleView(row),
  last_ticks: (await listTicks(env.DB, row.id)).map(tickView),
});

function fieldsOf(id: string, principal: Principal, schedule: Schedule): ScheduleFields {
  const { tenant, scopes } = principal;
  const { name, cron, timezone, overlap, catch_up, enabled } = schedule;
  const [next = null] = enabled ? ticksAfter(cron, timezone, Date.now(), 1) : [];
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

const bodyOf = (request: Request) => readJson(request, { bytesMax: scheduleLimits.bodyBytesMax });

const post: Handler = async ({ request, env, principal }) => {
  const body = await bodyOf(request);
  if (!body.ok) return body;
  const checked = checkSchedule(body.value, checkScope(env, principal));
  if (!checked.ok) return err(refusedTask(checked.details));
  const fields = fieldsOf(newScheduleId(), principal, checked.schedule);
  return answered(env, fields, await insertSchedule(env.DB, fields), 201);
};

const patch: Handler = async (call) => {
  const { request, env, principal } = call;
  const held = await scheduleOf(call);
  if (!held.ok) return held;
  const body = await bodyOf(request);
  if (!body.ok) return body;
  if (!Value.Check(SchedulePatch, body.value)) {
    return err(refusedTask(explain(SchedulePatch, body.value)));
  }
  const whole = { ...settings(held.value), ...body.value };
  const checked = checkSchedule(whole, checkScope(env, principal));
  if (!checked.ok) return err(refusedTask(checked.details));
  const fields = fieldsOf(held.value.id, principal, checked.schedule);
  return answered(env, fields, await updateSchedule(env.DB, fields), 200);
};

async function answered(
  env: Call["env"],
  fields: ScheduleFields,
  written: Written,
  status: 200 | 201,
): Promise<Result<Response, Problem>> {
  if (written !== "written") return err(unwritten(written, fields.name));
  const row = await readSchedule(env.DB, fields.tenant, fields.id);
  if (row === null) return err(notFound("schedule"));
  return ok(Response.json(await withTicks(env, row), { status }));
}

const unwritten = (why: "name_taken" | "too_many", name: string): Problem => ({
  kind: "conflict",
  message:
    why === "name_taken"
      ? `there is a schedule named ${JSON.stringify(name)} already: change it with PATCH, or take another name`
      : `a tenant has at most ${scheduleLimits.perTenantMax} schedules: delete one first`,
});

const get: Handler = async (call) => {
  const schedule = await scheduleOf(call);
  return schedule.ok ? ok(Response.json(await withTicks(call.env, schedule.value))) : schedule;
};

const list: Handler = async ({ env, principal, url }) => {
  const query = readQuery(operations.ScheduleQuery, url.searchParams);
  if (!query.ok) return query;
  const { cursor = null, limit = storeLimits.pageRowsDefault } = query.value;
  const rows = await listSchedules(env.DB, principal.tenant, cursor, limit);
  const { page, next_cursor } = paged(rows, limit);
  return ok(Response.json({ schedules: page.map(scheduleView), next_cursor }));
};

const remove: Handler = async (call) => {
  const schedule = await scheduleOf(call);
  if (!schedule.ok) return schedule;
  const { id, tenant } = schedule.value;
  await deleteSchedule(call.env.DB, tenant, id);
  return ok(Response.json({ id, deleted: true }));
};

/** Now and whatever the schedule's own clock says, also while it is disabled or an earlier batch runs. */
const run: Handler = async (call) => {
  const { request, env, principal } = call;
  const schedule = await scheduleOf(call);
  if (!schedule.ok) return schedule;
  const key = idempotencyKey(request, undefined);
  if (!key.ok) return key;
  const row = schedule.value;
  const held = key.value === null ? null : await findBatchByKey(env.DB, row.tenant, key.value);
  if (held !== null) {
    if (held.schedule_id === row.id) return ok(Response.json(await batchView(env, held)));
    const message = `this idempotency key stands for ${held.id}, which is no run of this schedule`;
    return err({ kind: "conflict", message });
  }
  const at = Date.now();
  const submitted = await submitTick(env, row, principal, { tickAt: at, key: key.value });
  if (!submitted.ok) return submitted;
  const batch = submitted.value;
  await endTick(env.DB, row, at, {
    outcome: "submitted",
    missed: 0,
    batch_id: batch.id,
    problem: null,
  });
  call.waitUntil(startBatch(env, batch));
  return ok(Response.json(await batchView(env, batch), { status: 202 }));
};

export const scheduleRoutes: readonly Route[] = [
  route(operations.createSchedule, post),
  route(operations.listSchedules, list),
  route(operations.getSchedule, get),
  route(operations.changeSchedule, patch),
  route(operations.deleteSchedule, remove),
  route(operations.runSchedule, run),
];
