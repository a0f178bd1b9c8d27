/** Schedules: create, read, change, delete, run now. */
import { Type } from "@sinclair/typebox";
import { scheduleIdPattern } from "../../../shared/ids.ts";
import { scheduleLimits, storeLimits } from "../../../shared/limits.ts";
import { Schedule, SchedulePatch } from "../../../shared/schedule.ts";
import { json, operation } from "../../http/operation.ts";
import { BatchAnswer } from "../batches/responses.ts";
import { limitUpTo } from "../tasks/operations.ts";
import { DeletedSchedule, ScheduleAnswer, SchedulePage } from "./responses.ts";

export const ScheduleQuery = Type.Partial(
  Type.Object({
    cursor: Type.String({
      pattern: scheduleIdPattern,
      description: "a next_cursor as it was answered",
    }),
    limit: limitUpTo(scheduleLimits.pageRowsMax, storeLimits.pageRowsDefault),
  }),
  { additionalProperties: false },
);

export const createSchedule = operation({
  id: "createSchedule",
  method: "POST",
  path: "/v1/schedules",
  scope: "submit",
  about: "Makes a schedule: a cron expression that submits a batch at each tick.",
  body: json(Schedule),
  answers: { 201: json(ScheduleAnswer) },
  refuses: ["conflict"],
});

export const listSchedules = operation({
  id: "listSchedules",
  method: "GET",
  path: "/v1/schedules",
  scope: "read",
  about: "Lists schedules, the newest first.",
  query: ScheduleQuery,
  answers: { 200: json(SchedulePage) },
});

export const getSchedule = operation({
  id: "getSchedule",
  method: "GET",
  path: "/v1/schedules/:id",
  scope: "read",
  about: "The schedule, with its next ticks and what became of the last ones.",
  answers: { 200: json(ScheduleAnswer) },
});

export const changeSchedule = operation({
  id: "changeSchedule",
  method: "PATCH",
  path: "/v1/schedules/:id",
  scope: "submit",
  about: "Changes fields of a schedule; the whole is checked as changed.",
  body: json(SchedulePatch),
  answers: { 200: json(ScheduleAnswer) },
  refuses: ["conflict"],
});

export const deleteSchedule = operation({
  id: "deleteSchedule",
  method: "DELETE",
  path: "/v1/schedules/:id",
  scope: "submit",
  about: "Deletes a schedule; its batches stay.",
  answers: { 200: json(DeletedSchedule) },
});

export const runSchedule = operation({
  id: "runSchedule",
  method: "POST",
  path: "/v1/schedules/:id/run",
  scope: "submit",
  adds: true,
  about: "Submits the schedule's batch now; 200 where its idempotency key had done it before.",
  idempotent: true,
  answers: { 202: json(BatchAnswer), 200: json(BatchAnswer) },
  refuses: ["conflict", "refused"],
});
