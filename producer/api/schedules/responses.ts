/** A schedule with its next ticks and the outcomes of the last ones. */
import { type Static, Type } from "@sinclair/typebox";
import { Items } from "../../../shared/task/schedule.ts";
import { Detail } from "../../http/error_response.ts";
import { NextCursor, oneOf, orNull, Time } from "../../http/values.ts";

/** Why a tick made no batch. */
const TickError = Type.Object({
  message: Type.String(),
  details: Type.Optional(Type.Array(Detail)),
});
export type TickError = Static<typeof TickError>;

const scheduleFields = {
  id: Type.String(),
  name: Type.String(),
  cron: Type.String(),
  timezone: Type.String(),
  template: Type.Object({}),
  items: Items,
  overlap: oneOf(["skip", "allow"]),
  catch_up: oneOf(["once", "skip"]),
  enabled: Type.Boolean(),
  key_id: Type.Optional(orNull(Type.String({ description: "the key under which it submits" }))),
  next_ticks: Type.Array(Time),
  open_tick: Type.Optional(orNull(Type.Object({ at: Time, error: orNull(TickError) }))),
  created_at: Time,
  updated_at: Time,
};

const essential = ["id", "name", "cron", "timezone", "items", "next_ticks"];

export const TickResponse = Type.Object(
  {
    at: Time,
    outcome: oneOf([
      "submitted",
      "overlapped",
      "missed",
      "refused",
      "failed",
      "key_revoked",
      "key_expired",
    ]),
    batch_id: orNull(Type.String()),
    missed: Type.Integer({ minimum: 0, description: "earlier ticks that did not run" }),
    error: orNull(TickError),
  },
  { $id: "Tick" },
);
export type TickResponse = Static<typeof TickResponse>;

export const ScheduleResponse = Type.Object(
  { ...scheduleFields, last_ticks: Type.Optional(Type.Array(TickResponse)) },
  { $id: "Schedule", essential },
);
export type ScheduleResponse = Static<typeof ScheduleResponse>;

export const SchedulePage = Type.Object({
  schedules: Type.Array(Type.Object(scheduleFields, { $id: "ListedSchedule", essential })),
  next_cursor: NextCursor,
});

export const DeletedSchedule = Type.Object({ id: Type.String(), deleted: Type.Literal(true) });
