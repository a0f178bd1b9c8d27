/** What a task left: result, steps, files and journal. */
import { type Static, Type } from "@sinclair/typebox";
import { DurableTask } from "../../../shared/task/task.ts";
import { Count, oneOf, orNull, Time, UsageResponse } from "../../http/values.ts";
import { TaskReason, TaskResponse, TaskStatus } from "../tasks/responses.ts";

/** The result object, as it is stored in R2. */
export const ResultResponse = Type.Object(
  {
    id: Type.String(),
    status: TaskStatus,
    reason: orNull(TaskReason),
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

export const StepResponse = Type.Object(
  {
    seq: Type.Integer({ minimum: 1 }),
    kind: oneOf(["model", "tool"]),
    name: Type.String(),
    status: oneOf(["done", "failed", "refused", "intent"]),
    started_at: Time,
    duration_ms: Type.Number({ minimum: 0 }),
    usage: Type.Optional(Type.Partial(Type.Omit(UsageResponse, ["steps"]))),
    quirks: Type.Optional(Type.Array(Type.String())),
    input: Type.Optional(Type.Unknown()),
    output: Type.Optional(Type.Unknown()),
    note: Type.Optional(Type.String()),
    files: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  },
  { $id: "Step", essential: ["seq", "kind", "name", "status"] },
);
export type StepResponse = Static<typeof StepResponse>;

export const StepList = Type.Object({ steps: Type.Array(StepResponse) });

export const FileList = Type.Object({
  files: Type.Array(
    Type.Object(
      { path: Type.String(), bytes: Count, sha256: Type.String() },
      { $id: "File", essential: ["path", "bytes"] },
    ),
  ),
});

/** The input of a replay. Its steps are as the journal stores them, with times in milliseconds. */
export const JournalResponse = Type.Object(
  {
    v: Type.Literal(1),
    task: TaskResponse,
    spec: DurableTask,
    steps: Type.Array(Type.Object({})),
    resumed_from: Count,
    decisions: Type.Array(Type.Object({})),
    policy: Type.Object({ name: Type.String(), text: orNull(Type.String()) }),
    tools: orNull(Type.Array(Type.String())),
  },
  { $id: "Journal" },
);
