/** The shape of a batch as users send it: one JSON object, or one task per line with the other fields in the query. */
import { type Static, Type } from "@sinclair/typebox";
import { batchLimits, budgetCeilings } from "../limits.ts";
import { After } from "./schedule.ts";
import { DurableTask, Labels, Webhook } from "./task.ts";

const strict = { additionalProperties: false } as const;

/** The budget that all tasks of a batch share. */
const BatchBudget = Type.Partial(
  Type.Object(
    {
      cost_usd: Type.Number({
        exclusiveMinimum: 0,
        maximum: budgetCeilings.cost_usd * batchLimits.tasksMax,
      }),
      tokens: Type.Integer({
        minimum: 1,
        maximum: budgetCeilings.tokens * batchLimits.tasksMax,
      }),
    },
    strict,
  ),
  strict,
);

/** Everything except the tasks. `defaults` are checked later as fields of a task, with a message for each. */
export const BatchHead = Type.Object(
  {
    defaults: Type.Optional(Type.Object({}, { description: "fields that each task takes" })),
    labels: Type.Optional(Labels),
    limits: Type.Optional(BatchBudget),
    dry_run: Type.Optional(Type.Boolean()),
    webhook: Type.Optional(Webhook),
    after: Type.Optional(After),
  },
  strict,
);
export type BatchHead = Static<typeof BatchHead>;

/** The schema that a body is checked with. Tasks are checked later, so that a fault names the place of its task. */
export const JsonBatch = Type.Object(
  {
    ...BatchHead.properties,
    tasks: Type.Optional(Type.Array(Type.Unknown())),
    template: Type.Optional(Type.Object({}, { description: "a task, with {{item.field}}" })),
  },
  strict,
);

/** The same for documentation and types. */
export const BatchToSubmit = Type.Object(
  {
    ...JsonBatch.properties,
    defaults: Type.Optional(DurableTask),
    tasks: Type.Optional(Type.Array(DurableTask, { maxItems: batchLimits.tasksMax })),
  },
  { ...strict, $id: "BatchToSubmit" },
);
export type BatchToSubmit = Static<typeof BatchToSubmit>;
