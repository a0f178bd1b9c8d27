/** A batch, its results, and the outcome of a dry run and of a redrive. */
import { type Static, Type } from "@sinclair/typebox";
import { After } from "../../../shared/task/schedule.ts";
import type { statuses } from "../../../shared/task/states.ts";
import { Labels } from "../../../shared/task/task.ts";
import { Detail } from "../../http/error_response.ts";
import {
  Count,
  Dollars,
  NextCursor,
  oneOf,
  orNull,
  Time,
  UsageResponse,
} from "../../http/values.ts";
import { ModelUsageResponse, qualityFields } from "../tasks/quality_fields.ts";
import { TaskErrorResponse, TaskReason, TaskStatus } from "../tasks/responses.ts";

/** The parts always add up to `total`; lines that are not expanded yet count as queued. */
export const Counts = Type.Object(
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
export type Counts = Static<typeof Counts>;

export const batchStatuses = ["running", "cancelling", "finished"] as const;

/** Why a batch or a message made no task, with every invalid place in its lines. */
export const SubmissionError = Type.Object(
  { code: Type.String(), message: Type.String(), details: Type.Optional(Type.Array(Detail)) },
  { $id: "SubmissionError" },
);

/** What checks, samples and escalations did in the tasks that have ended. */
const BatchQualityResponse = Type.Object(
  {
    tasks: Count,
    checks_failed: Count,
    corrected: Count,
    samples: Count,
    agreed: Count,
    escalated: Count,
    usage_by_model: Type.Record(Type.String(), ModelUsageResponse),
  },
  { $id: "BatchQuality" },
);

export const BatchResponse = Type.Object(
  {
    id: Type.String(),
    status: oneOf(batchStatuses),
    counts: Counts,
    usage: UsageResponse,
    quality: Type.Optional(BatchQualityResponse),
    eta: orNull(Time),
    labels: Labels,
    limits: Type.Object({ cost_usd: Type.Optional(Type.Number()), tokens: Type.Optional(Count) }),
    schedule_id: Type.Optional(Type.String()),
    tick_at: Type.Optional(Time),
    after: Type.Optional(After),
    waiting: Type.Optional(Type.Boolean()),
    paused: Type.Boolean(),
    error: orNull(SubmissionError),
    created_at: Time,
    finished_at: orNull(Time),
  },
  { $id: "Batch", essential: ["id", "status", "counts", "usage"] },
);
export type BatchResponse = Static<typeof BatchResponse>;

export const BatchPage = Type.Object({
  batches: Type.Array(BatchResponse),
  next_cursor: NextCursor,
});
export type BatchPage = Static<typeof BatchPage>;

/** One line of a batch's results. */
export const ResultLine = Type.Object(
  {
    index: Count,
    custom_id: orNull(Type.String()),
    task_id: Type.String(),
    status: TaskStatus,
    reason: orNull(TaskReason),
    output: Type.Unknown(),
    error: orNull(TaskErrorResponse),
    usage: UsageResponse,
    model: Type.Optional(Type.String({ description: "the model that gave the answer" })),
    ...qualityFields,
  },
  { $id: "ResultLine", essential: ["task_id", "status", "usage"] },
);
export type ResultLine = Static<typeof ResultLine>;

const redriveFields = {
  redriven: Count,
  refused: Type.Integer({
    minimum: 0,
    description: "tasks that are left unchanged because they are invalid with the overrides",
  }),
  details: Type.Array(Detail),
  next_cursor: NextCursor,
  dry_run: Type.Optional(Type.Literal(true)),
  matched: Type.Optional(
    Type.Integer({ minimum: 0, description: "with `dry_run`: how many tasks would be redriven" }),
  ),
};

/** The outcome of one call that redrives many tasks. */
export const RedriveResponse = Type.Object(redriveFields, {
  $id: "Redriven",
  essential: ["redriven"],
});
export type RedriveResponse = Static<typeof RedriveResponse>;
export const BatchRedriveResponse = Type.Object(
  { id: Type.String(), ...redriveFields },
  { $id: "BatchRedriven", essential: ["redriven"] },
);
export type BatchRedriveResponse = Static<typeof BatchRedriveResponse>;

/** What a batch would do. `set` and `bound` are null where the consumer did not answer. */
export const DryRunResponse = Type.Object(
  {
    dry_run: Type.Literal(true),
    total: Count,
    acceptable: Type.Boolean(),
    ready: Type.Boolean({ description: "acceptable, and everything it needs is configured" }),
    faults: Type.Array(Detail),
    faults_unlisted: Count,
    warnings: Type.Array(Detail),
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
        cost_usd: orNull(Dollars),
      }),
      worst_case: Type.Object({ tokens: Count, cost_usd: orNull(Dollars) }),
    }),
    assumptions: Type.Array(Type.String()),
  },
  {
    $id: "DryRun",
    essential: ["total", "faults", "warnings", "policies", "models", "estimate", "assumptions"],
  },
);
export type DryRunResponse = Static<typeof DryRunResponse>;

/** Why tasks did not succeed; `example` is the newest task of its group. */
export const FailuresResponse = Type.Object({
  failures: Type.Array(
    Type.Object({
      status: TaskStatus,
      reason: orNull(TaskReason),
      code: orNull(Type.String()),
      tasks: Count,
      example: Type.String(),
      message: orNull(Type.String()),
    }),
  ),
});
export type FailuresResponse = Static<typeof FailuresResponse>;
