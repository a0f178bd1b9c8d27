/** A task and its earlier runs; a dead letter is a task with its cause. */
import { type Static, Type } from "@sinclair/typebox";
import { reasons, statuses } from "../../../shared/task/states.ts";
import { Count, NextCursor, oneOf, orNull, Time, UsageResponse } from "../../http/values.ts";
import { qualityFields } from "./quality_fields.ts";

export const TaskStatus = oneOf(statuses);
export const TaskReason = oneOf(reasons);

const errorFields = {
  code: Type.String(),
  message: Type.String(),
  draft: Type.Optional(
    Type.String({
      description: "the model's last attempt at an answer, or its last text; unchecked",
    }),
  ),
  uncertain: Type.Optional(
    Type.Unknown({ description: "the effect that was started and has no known outcome" }),
  ),
};

export const TaskErrorResponse = Type.Object(errorFields, { $id: "TaskError" });
export type TaskErrorResponse = Static<typeof TaskErrorResponse>;

/** Why one attempt failed, and when. */
const AttemptError = Type.Object(
  {
    attempt: Type.Optional(Count),
    fence: Type.Optional(Count),
    code: Type.Optional(Type.String()),
    class: Type.Optional(Type.String()),
    message: Type.Optional(Type.String()),
    last_step: Type.Optional(Type.Unknown()),
    at: Type.Optional(Time),
  },
  { $id: "AttemptError" },
);
export type AttemptError = Static<typeof AttemptError>;

/** A run before a redrive, and how the task was redriven. */
export const RunResponse = Type.Object(
  {
    fence: Type.Integer({ description: "identifies the run for GET /v1/tasks/:id/steps?fence=" }),
    status: TaskStatus,
    reason: orNull(TaskReason),
    model: Type.String(),
    finished_at: orNull(Time),
    usage: Type.Object({}),
    error: Type.Unknown(),
    errors: Type.Array(AttemptError),
    resumed_from: orNull(Type.Integer()),
    redriven: Type.Optional(
      Type.Object({
        mode: oneOf(["restart", "resume"]),
        at: Time,
        overrides: Type.Array(Type.String(), { description: "the names of the overridden fields" }),
      }),
    ),
  },
  { $id: "Run", essential: [] },
);

const taskFields = {
  id: Type.String(),
  status: TaskStatus,
  reason: orNull(TaskReason),
  attempt: Type.Integer({ minimum: 0, description: "the number of failed attempts" }),
  batch_id: orNull(Type.String()),
  custom_id: orNull(Type.String()),
  labels: Type.Record(Type.String(), Type.String()),
  model: Type.String(),
  policy: Type.String(),
  sandbox: Type.String(),
  created_at: Time,
  started_at: orNull(Time),
  finished_at: orNull(Time),
  usage: UsageResponse,
  output: Type.Unknown({
    description: "null if there is none or it is large; the result always has it",
  }),
  error: orNull(TaskErrorResponse),
  quirks: Type.Array(Type.String()),
  ...qualityFields,
  history: Type.Optional(
    Type.Array(RunResponse, { description: "the runs before each redrive, oldest first" }),
  ),
};

const essential = ["id", "status", "usage", "labels", "quirks"];

export const TaskResponse = Type.Object(taskFields, { $id: "Task", essential });
export type TaskResponse = Static<typeof TaskResponse>;

export const TaskPage = Type.Object({
  tasks: Type.Array(TaskResponse),
  next_cursor: NextCursor,
});
export type TaskPage = Static<typeof TaskPage>;

const DeadLetterCause = Type.Object({
  ...errorFields,
  class: Type.Optional(Type.String()),
  last_step: Type.Optional(Type.String({ description: "the step's number and name" })),
});

/** A dead letter: the task, its last error with the step where it happened, and the error of each attempt. */
export const DeadLetterPage = Type.Object({
  tasks: Type.Array(
    Type.Object(
      {
        ...taskFields,
        cause: orNull(DeadLetterCause),
        attempt_errors: Type.Array(AttemptError),
      },
      { $id: "DeadLetter", essential },
    ),
  ),
  next_cursor: NextCursor,
});
export type DeadLetterPage = Static<typeof DeadLetterPage>;

/** The outcome of one call that cancels many tasks. */
export const ManyCancelResponse = Type.Object(
  {
    matched: Count,
    cancelled: Count,
    dry_run: Type.Boolean(),
    next_cursor: NextCursor,
  },
  { $id: "ManyCancelled", essential: ["matched", "cancelled"] },
);
export type ManyCancelResponse = Static<typeof ManyCancelResponse>;
