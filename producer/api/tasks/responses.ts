/** A task as the API answers it, and what it leaves behind. */
import { type Static, Type } from "@sinclair/typebox";
import { reasons, statuses } from "../../../shared/states.ts";
import { DurableTask } from "../../../shared/task.ts";
import { Count, NextCursor, orNull, Time, UsageAnswer } from "../../http/values.ts";

export const StatusAnswer = Type.Union(statuses.map((status) => Type.Literal(status)));
export const ReasonAnswer = Type.Union(reasons.map((reason) => Type.Literal(reason)));

const errorFields = {
  code: Type.String(),
  message: Type.String(),
  draft: Type.Optional(
    Type.String({
      description:
        "what the model last tried as an answer, or last said; unchecked, and only where it said anything",
    }),
  ),
  uncertain: Type.Optional(
    Type.Unknown({ description: "the effect that was begun and has no outcome" }),
  ),
};

export const TaskErrorAnswer = Type.Object(errorFields, { $id: "TaskError" });
export type TaskErrorAnswer = Static<typeof TaskErrorAnswer>;

/** What one attempt met, and when. */
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

/** A run before a redrive, and how it was sent through again. */
export const RunAnswer = Type.Object(
  {
    fence: Type.Integer({ description: "reads its steps: GET /v1/tasks/:id/steps?fence=" }),
    status: StatusAnswer,
    reason: orNull(ReasonAnswer),
    model: Type.String(),
    finished_at: orNull(Time),
    usage: Type.Object({}),
    error: Type.Unknown(),
    errors: Type.Array(AttemptError),
    resumed_from: orNull(Type.Integer()),
    redriven: Type.Optional(
      Type.Object({
        mode: Type.Union([Type.Literal("restart"), Type.Literal("resume")]),
        at: Time,
        overrides: Type.Array(Type.String(), { description: "the names of what was overridden" }),
      }),
    ),
  },
  { $id: "Run", essential: [] },
);

const taskFields = {
  id: Type.String(),
  status: StatusAnswer,
  reason: orNull(ReasonAnswer),
  attempt: Type.Integer({ minimum: 0, description: "how many attempts have failed" }),
  batch_id: orNull(Type.String()),
  custom_id: orNull(Type.String()),
  labels: Type.Record(Type.String(), Type.String()),
  model: Type.String(),
  policy: Type.String(),
  sandbox: Type.String(),
  created_at: Time,
  started_at: orNull(Time),
  finished_at: orNull(Time),
  usage: UsageAnswer,
  output: Type.Unknown({
    description: "null where it is large or there is none; the result has it always",
  }),
  error: orNull(TaskErrorAnswer),
  quirks: Type.Array(Type.String()),
  history: Type.Optional(
    Type.Array(RunAnswer, { description: "the runs before a redrive, the oldest first" }),
  ),
};

export const TaskAnswer = Type.Object(taskFields, {
  $id: "Task",
  essential: ["id", "status", "usage", "labels", "quirks"],
});
export type TaskAnswer = Static<typeof TaskAnswer>;

export const TaskPage = Type.Object({
  tasks: Type.Array(TaskAnswer),
  next_cursor: NextCursor,
});

const CauseAnswer = Type.Object({
  ...errorFields,
  class: Type.Optional(Type.String()),
  last_step: Type.Optional(Type.String({ description: "its number and its name" })),
});

/** A dead letter: the task, its last error with where it stood, and what each attempt met. */
export const DeadLetterPage = Type.Object({
  tasks: Type.Array(
    Type.Object(
      {
        ...taskFields,
        cause: orNull(CauseAnswer),
        attempt_errors: Type.Array(AttemptError),
      },
      { $id: "DeadLetter", essential: ["id", "status", "usage", "labels", "quirks"] },
    ),
  ),
  next_cursor: NextCursor,
});

/** The result object, as it stands in R2. */
export const ResultAnswer = Type.Object(
  {
    id: Type.String(),
    status: StatusAnswer,
    reason: orNull(ReasonAnswer),
    custom_id: orNull(Type.String()),
    model: Type.String(),
    attempt: Count,
    usage: Type.Object({}),
    output: Type.Unknown(),
    files: Type.Optional(
      Type.Record(Type.String(), Type.Object({ bytes: Count, sha256: Type.String() })),
    ),
  },
  { $id: "Result", essential: ["output"] },
);

export const StepAnswer = Type.Object(
  {
    seq: Type.Integer({ minimum: 1 }),
    kind: Type.Union([Type.Literal("model"), Type.Literal("tool")]),
    name: Type.String(),
    status: Type.Union(
      (["done", "failed", "refused", "intent"] as const).map((status) => Type.Literal(status)),
    ),
    started_at: Time,
    duration_ms: Type.Number({ minimum: 0 }),
    usage: Type.Optional(Type.Partial(Type.Omit(UsageAnswer, ["steps"]))),
    quirks: Type.Optional(Type.Array(Type.String())),
    input: Type.Optional(Type.Unknown()),
    output: Type.Optional(Type.Unknown()),
    note: Type.Optional(Type.String()),
    files: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  },
  { $id: "Step", essential: ["seq", "kind", "name", "status"] },
);
export type StepAnswer = Static<typeof StepAnswer>;

export const Steps = Type.Object({ steps: Type.Array(StepAnswer) });

export const FileAnswer = Type.Object(
  { path: Type.String(), bytes: Count, sha256: Type.String() },
  { $id: "File", essential: ["path", "bytes"] },
);
export type FileAnswer = Static<typeof FileAnswer>;

export const Files = Type.Object({ files: Type.Array(FileAnswer) });

/** What a replay needs. Its steps are as the journal holds them, with times in milliseconds. */
export const Journal = Type.Object(
  {
    v: Type.Literal(1),
    task: TaskAnswer,
    spec: DurableTask,
    steps: Type.Array(Type.Object({})),
    resumed_from: Count,
    decisions: Type.Array(Type.Object({})),
    policy: Type.Object({ name: Type.String(), text: orNull(Type.String()) }),
    tools: orNull(Type.Array(Type.String())),
  },
  { $id: "Journal" },
);
