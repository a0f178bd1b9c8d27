/** Schedules: create, read, change, delete, run now. */
import { Type } from "@sinclair/typebox";
import { scheduleIdPattern } from "../../../shared/identity/ids.ts";
import { scheduleLimits, storeLimits } from "../../../shared/limits.ts";
import { Schedule, SchedulePatch } from "../../../shared/task/schedule.ts";
import { json, operation } from "../../http/operation.ts";
import { cursorOf, limitUpTo, strict } from "../../http/values.ts";
import { BatchResponse } from "../batches/responses.ts";
import { DeletedSchedule, SchedulePage, ScheduleResponse } from "./responses.ts";

export const ScheduleQuery = Type.Partial(
  Type.Object({
    cursor: cursorOf(scheduleIdPattern),
    limit: limitUpTo(scheduleLimits.pageRowsMax, storeLimits.pageRowsDefault),
  }),
  strict,
);

export const createSchedule = operation({
  id: "createSchedule",
  method: "POST",
  path: "/v1/schedules",
  scope: "submit",
  summary: "Creates a schedule: a cron expression that submits a batch at each tick.",
  body: json(Schedule),
  responses: { 201: json(ScheduleResponse) },
  errors: ["conflict"],
});

export const listSchedules = operation({
  id: "listSchedules",
  method: "GET",
  path: "/v1/schedules",
  scope: "read",
  summary: "Lists schedules, newest first.",
  query: ScheduleQuery,
  responses: { 200: json(SchedulePage) },
});

export const getSchedule = operation({
  id: "getSchedule",
  method: "GET",
  path: "/v1/schedules/:id",
  scope: "read",
  summary: "Returns a schedule with its next ticks and the outcomes of the last ones.",
  responses: { 200: json(ScheduleResponse) },
});

export const changeSchedule = operation({
  id: "changeSchedule",
  method: "PATCH",
  path: "/v1/schedules/:id",
  scope: "submit",
  summary: "Changes fields of a schedule; the changed schedule is validated as a whole.",
  body: json(SchedulePatch),
  responses: { 200: json(ScheduleResponse) },
  errors: ["conflict"],
});

export const deleteSchedule = operation({
  id: "deleteSchedule",
  method: "DELETE",
  path: "/v1/schedules/:id",
  scope: "submit",
  summary: "Deletes a schedule and keeps its batches.",
  responses: { 200: json(DeletedSchedule) },
});

export const runSchedule = operation({
  id: "runSchedule",
  method: "POST",
  path: "/v1/schedules/:id/run",
  scope: "submit",
  addsWork: true,
  summary: "Submits the schedule's batch now; 200 if the idempotency key was used before.",
  idempotent: true,
  responses: { 202: json(BatchResponse), 200: json(BatchResponse) },
  errors: ["conflict", "refused"],
});
