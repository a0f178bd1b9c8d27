/** The shapes of a redrive as users send it: of one task, of a batch, of the tasks that match a filter. */
import { type Static, Type } from "@sinclair/typebox";
import { reasons, redrivable } from "./states.ts";
import { DurableTask, Labels, timestamp } from "./task.ts";

const strict = { additionalProperties: false } as const;

/** The fields that a redrive may change; what identifies the task (key, custom_id, labels) stays. */
export const Overrides = Type.Omit(
  DurableTask,
  [
    "idempotency_key",
    "custom_id",
    "labels",
    "priority",
    "not_before",
    "expires_at",
    "webhook",
    "concurrency",
  ],
  { ...strict, $id: "Overrides" },
);
export type Overrides = Static<typeof Overrides>;

/** The fields of every redrive. */
const redriveFields = {
  mode: Type.Union([Type.Literal("restart"), Type.Literal("resume")]),
  overrides: Type.Optional(Overrides),
};

export const Redrive = Type.Object(redriveFields, { ...strict, $id: "Redrive" });
export type Redrive = Static<typeof Redrive>;

/** The filter on settled tasks. */
export const redriveFilter = {
  status: Type.Optional(
    Type.Array(Type.Union(redrivable.map((status) => Type.Literal(status))), { minItems: 1 }),
  ),
  reason: Type.Optional(Type.Union(reasons.map((reason) => Type.Literal(reason)))),
  error_code: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  labels: Type.Optional(Labels),
  created_after: Type.Optional(timestamp),
  created_before: Type.Optional(timestamp),
};

export const ManyRedrive = Type.Object(
  { ...redriveFields, ...redriveFilter, cursor: Type.Optional(Type.String()) },
  { ...strict, $id: "ManyRedrive" },
);
export type ManyRedrive = Static<typeof ManyRedrive>;
