/** A schedule as the API answers it, with its next ticks and what became of the last ones. */
import { type Static, Type } from "@sinclair/typebox";
import { Items } from "../../../shared/schedule.ts";
import { Fault } from "../../http/error_body.ts";
import { NextCursor, orNull, Time } from "../../http/values.ts";

/** Why a tick made no batch. */
const TickProblem = Type.Object({
  message: Type.String(),
  details: Type.Optional(Type.Array(Fault)),
});

const scheduleFields = {
  id: Type.String(),
  name: Type.String(),
  cron: Type.String(),
  timezone: Type.String(),
  template: Type.Object({}),
  items: Items,
  overlap: Type.Union([Type.Literal("skip"), Type.Literal("allow")]),
  catch_up: Type.Union([Type.Literal("once"), Type.Literal("skip")]),
  enabled: Type.Boolean(),
  key_id: Type.Optional(orNull(Type.String({ description: "the key that it submits by" }))),
  next_ticks: Type.Array(Time),
  open_tick: Type.Optional(orNull(Type.Object({ at: Time, error: orNull(TickProblem) }))),
  created_at: Time,
  updated_at: Time,
};

export const TickAnswer = Type.Object(
  {
    at: Time,
    outcome: Type.Union(
      (
        [
          "submitted",
          "overlapped",
          "missed",
          "refused",
          "failed",
          "key_revoked",
          "key_expired",
        ] as const
      ).map((outcome) => Type.Literal(outcome)),
    ),
    batch_id: orNull(Type.String()),
    missed: Type.Integer({ minimum: 0, description: "earlier ticks that nothing ran for" }),
    error: orNull(TickProblem),
  },
  { $id: "Tick" },
);

export const ScheduleAnswer = Type.Object(
  { ...scheduleFields, last_ticks: Type.Optional(Type.Array(TickAnswer)) },
  { $id: "Schedule", essential: ["id", "name", "cron", "timezone", "items", "next_ticks"] },
);
export type ScheduleAnswer = Static<typeof ScheduleAnswer>;

export const SchedulePage = Type.Object({
  schedules: Type.Array(
    Type.Object(scheduleFields, {
      $id: "ListedSchedule",
      essential: ["id", "name", "cron", "timezone", "items", "next_ticks"],
    }),
  ),
  next_cursor: NextCursor,
});

export const DeletedSchedule = Type.Object({ id: Type.String(), deleted: Type.Literal(true) });

export const PausedAnswer = Type.Object(
  {
    paused: Type.Boolean(),
    since: orNull(Time),
    models: Type.Array(Type.Object({ model: Type.String(), since: Time })),
  },
  { $id: "Paused", essential: ["models"] },
);

export type PausedAnswer = Static<typeof PausedAnswer>;
