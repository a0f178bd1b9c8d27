/** A batch as the API answers it, its results, and what a dry run and a redrive say. */
import { type Static, Type } from "@sinclair/typebox";
import { After } from "../../../shared/schedule.ts";
import type { statuses } from "../../../shared/states.ts";
import { Labels } from "../../../shared/task.ts";
import { Fault } from "../../http/error_body.ts";
import { Count, NextCursor, orNull, Time, UsageAnswer } from "../../http/values.ts";
import { ReasonAnswer, StatusAnswer, TaskErrorAnswer } from "../tasks/responses.ts";

/** They always add up to `total`; lines that are not expanded yet count as queued. */
export const CountsAnswer = Type.Object(
  {
    total: Count,
    queued: Count,
    running: Count,
    succeeded: Count,
    failed: Count,
    dead: Count,
    cancelled: Count,
    expired: Count,
  } satisfies Record<"total" | (typeof statuses)[number], typeof Count>,
  { $id: "Counts" },
);
export type CountsAnswer = Static<typeof CountsAnswer>;

export const batchStatuses = ["running", "cancelling", "finished"] as const;

/** Why something has no tasks, with every fault of its lines. */
export const ProblemAnswer = Type.Object(
  { code: Type.String(), message: Type.String(), details: Type.Optional(Type.Array(Fault)) },
  { $id: "Problem" },
);

export const BatchAnswer = Type.Object(
  {
    id: Type.String(),
    status: Type.Union(batchStatuses.map((status) => Type.Literal(status))),
    counts: CountsAnswer,
    usage: UsageAnswer,
    eta: orNull(Time),
    labels: Labels,
    limits: Type.Object({ cost_usd: Type.Optional(Type.Number()), tokens: Type.Optional(Count) }),
    schedule_id: Type.Optional(Type.String()),
    tick_at: Type.Optional(Time),
    after: Type.Optional(After),
    waiting: Type.Optional(Type.Boolean()),
    paused: Type.Boolean(),
    error: orNull(ProblemAnswer),
    created_at: Time,
    finished_at: orNull(Time),
  },
  { $id: "Batch", essential: ["id", "status", "counts", "usage"] },
);
export type BatchAnswer = Static<typeof BatchAnswer>;

export const BatchPage = Type.Object({
  batches: Type.Array(BatchAnswer),
  next_cursor: NextCursor,
});

/** One line of a batch's results. */
export const ResultLine = Type.Object(
  {
    index: Count,
    custom_id: orNull(Type.String()),
    task_id: Type.String(),
    status: StatusAnswer,
    reason: orNull(ReasonAnswer),
    output: Type.Unknown(),
    error: orNull(TaskErrorAnswer),
    usage: UsageAnswer,
  },
  { $id: "ResultLine", essential: ["task_id", "status", "usage"] },
);
export type ResultLine = Static<typeof ResultLine>;

const redrivenFields = {
  redriven: Count,
  refused: Type.Integer({
    minimum: 0,
    description:
      "tasks that stay as they are, because they with the overrides are not to be accepted",
  }),
  details: Type.Array(Fault),
  next_cursor: NextCursor,
};

/** What one call to redrive many did. */
export const Redriven = Type.Object(redrivenFields, { $id: "Redriven", essential: ["redriven"] });
export type Redriven = Static<typeof Redriven>;
export const BatchRedriven = Type.Object(
  { id: Type.String(), ...redrivenFields },
  { $id: "BatchRedriven", essential: ["redriven"] },
);

const dollars = orNull(Type.Number({ minimum: 0 }));
/** What would come of a batch. `set` and `bound` are null where the consumer did not answer. */
export const DryRunAnswer = Type.Object(
  {
    dry_run: Type.Literal(true),
    total: Count,
    acceptable: Type.Boolean(),
    ready: Type.Boolean({ description: "acceptable, and nothing that it needs is missing" }),
    faults: Type.Array(Fault),
    faults_unlisted: Count,
    warnings: Type.Array(Fault),
    warnings_unlisted: Count,
    policies: Type.Array(
      Type.Object({
        policy: Type.String(),
        tasks: Count,
        hosts: Type.Array(Type.String()),
        secrets: Type.Array(Type.Object({ name: Type.String(), set: orNull(Type.Boolean()) })),
        routes: Type.Array(Type.Object({ name: Type.String(), bound: orNull(Type.Boolean()) })),
      }),
    ),
    models: Type.Array(
      Type.Object({
        model: Type.String(),
        tasks: Count,
        price: orNull(
          Type.Object({ input: Type.Number(), cached: Type.Number(), output: Type.Number() }),
        ),
      }),
    ),
    estimate: Type.Object({
      first_calls: Type.Object({
        prompt_tokens: Count,
        completion_tokens: Count,
        cost_usd: dollars,
      }),
      worst_case: Type.Object({ tokens: Count, cost_usd: dollars }),
    }),
    assumptions: Type.Array(Type.String()),
  },
  {
    $id: "DryRun",
    essential: ["total", "faults", "warnings", "policies", "models", "estimate", "assumptions"],
  },
);
export type DryRunAnswer = Static<typeof DryRunAnswer>;

/** Why tasks did not succeed; `example` is the newest of its group. */
export const FailuresAnswer = Type.Object({
  failures: Type.Array(
    Type.Object({
      status: StatusAnswer,
      reason: orNull(ReasonAnswer),
      code: orNull(Type.String()),
      tasks: Count,
      example: Type.String(),
      message: orNull(Type.String()),
    }),
  ),
});
