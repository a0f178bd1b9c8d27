/** The shapes of a redrive as users send it: of one task, of a batch, of the tasks that match a filter. */
import { type Static, Type } from "@sinclair/typebox";
import { redrivable } from "./states.ts";
import { DurableTask } from "./task.ts";
import { batchFilter, taskFilter } from "./task_filter.ts";

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
const redriveFilter = {
  status: Type.Optional(
    Type.Array(Type.Union(redrivable.map((status) => Type.Literal(status))), { minItems: 1 }),
  ),
  ...taskFilter,
};

const manyFields = {
  ...redriveFields,
  ...redriveFilter,
  dry_run: Type.Optional(Type.Boolean()),
  cursor: Type.Optional(Type.String()),
};

/** A redrive of the tasks of one batch. */
export const BatchRedrive = Type.Object(manyFields, { ...strict, $id: "BatchRedrive" });

/** A redrive of all tasks that match a filter, which is required. */
export const ManyRedrive = Type.Object(
  { ...manyFields, ...batchFilter },
  { ...strict, $id: "ManyRedrive" },
);
export type ManyRedrive = Static<typeof ManyRedrive>;

/** The fields of which at least one is required. */
export const redriveFilterNames = [...Object.keys(redriveFilter), ...Object.keys(batchFilter)];
