/** How many tasks are chosen at once: for a redrive, for a cancel. A list takes the same fields in its query. */
import { type Static, Type } from "@sinclair/typebox";
import { batchIdPattern } from "../identity/ids.ts";
import { cancellable, reasons } from "./states.ts";
import { Labels, timestamp } from "./task.ts";

const strict = { additionalProperties: false } as const;

/** The filter fields of every operation on many tasks. A task must match all fields that are present. */
export const taskFilter = {
  reason: Type.Optional(Type.Union(reasons.map((reason) => Type.Literal(reason)))),
  error_code: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  labels: Type.Optional(Labels),
  created_after: Type.Optional(timestamp),
  created_before: Type.Optional(timestamp),
  custom_id: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
};

export const batchFilter = {
  batch_id: Type.Optional(Type.String({ pattern: batchIdPattern, description: "a batch's id" })),
};

const cancelFilter = {
  status: Type.Optional(
    Type.Array(Type.Union(cancellable.map((status) => Type.Literal(status))), { minItems: 1 }),
  ),
  ...taskFilter,
  ...batchFilter,
};

/** The fields of which at least one is required. */
export const cancelFilterNames = Object.keys(cancelFilter);

/** A cancel of the tasks that match a filter. */
export const ManyCancel = Type.Object(
  { ...cancelFilter, dry_run: Type.Optional(Type.Boolean()), cursor: Type.Optional(Type.String()) },
  { ...strict, $id: "ManyCancel" },
);
export type ManyCancel = Static<typeof ManyCancel>;
