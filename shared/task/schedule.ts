/** The shape of a schedule as users send it: a cron expression that submits a batch at each tick. */
import { type Static, Type } from "@sinclair/typebox";
import { scheduleLimits } from "../limits.ts";
import { terminalStatuses } from "./states.ts";

const strict = { additionalProperties: false } as const;

/** Statuses of a batch's tasks whose results become items. */
export const ItemStatuses = Type.Array(
  Type.Union(terminalStatuses.map((status) => Type.Literal(status))),
  { minItems: 1, uniqueItems: true },
);

/** The batch that another one follows, and the statuses of its tasks that are used. */
export const After = Type.Object(
  {
    batch: Type.String({ maxLength: 64, pattern: "^batch_", description: "a batch's id" }),
    status: Type.Optional(ItemStatuses),
  },
  strict,
);
export type After = Static<typeof After>;

const inputKey = Type.String({
  minLength: 1,
  maxLength: 512,
  pattern: "\\.(csv|jsonl|ndjson)$",
  description: 'the key of an upload that ends in .csv, .jsonl or .ndjson, such as "leads.csv"',
});

/** Where the items come from: one item makes one task. */
export const Items = Type.Union([
  Type.Object(
    { inline: Type.Array(Type.Unknown(), { maxItems: scheduleLimits.inlineMax }) },
    strict,
  ),
  Type.Object({ r2: inputKey }, strict),
  After,
]);
export type Items = Static<typeof Items>;

export const Schedule = Type.Object(
  {
    name: Type.String({
      pattern: "^[A-Za-z0-9][A-Za-z0-9 ._-]{0,62}$",
      description: "a name of up to 63 letters, digits, spaces and . _ -",
    }),
    cron: Type.String({ minLength: 1, maxLength: scheduleLimits.cronCharsMax }),
    timezone: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    template: Type.Object({}, { description: "a task, with {{item.field}} in its strings" }),
    items: Items,
    overlap: Type.Optional(Type.Union([Type.Literal("skip"), Type.Literal("allow")])),
    catch_up: Type.Optional(Type.Union([Type.Literal("once"), Type.Literal("skip")])),
    enabled: Type.Optional(Type.Boolean()),
  },
  strict,
);
export type Schedule = Required<Static<typeof Schedule>>;

/** The body of `PATCH`: any of the fields. */
export const SchedulePatch = Type.Partial(Schedule, strict);

export const scheduleDefaults = {
  timezone: "UTC",
  overlap: "skip",
  catch_up: "once",
  enabled: true,
} as const;
