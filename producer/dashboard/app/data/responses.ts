/** The types of API responses, as the pages name them. */
import type { CallValue } from "flotilla/client";

export type { Reason } from "../../../../shared/task/states.ts";

export type Task = CallValue<"GET /v1/tasks/:id">;
export type Spec = CallValue<"GET /v1/tasks/:id/spec">;
export type Steps = CallValue<"GET /v1/tasks/:id/steps">;
export type Step = Steps["steps"][number];
export type Decisions = CallValue<"GET /v1/tasks/:id/egress">;
export type Decision = Decisions["decisions"][number];
export type WorkspaceFile = CallValue<"GET /v1/tasks/:id/files">["files"][number];

export type DeadLetter = CallValue<"GET /v1/dead_letters">["tasks"][number];

export type Approval = CallValue<"GET /v1/approvals/:id">;

export type Evaluation = CallValue<"GET /v1/evals/:id">;
export type EvalReport = NonNullable<Evaluation["report"]>;
type RowsOf<T> = T extends AsyncIterable<infer Row> ? Row : never;
export type EvalRow = RowsOf<CallValue<"GET /v1/evals/:id/rows">>;

export type Batch = CallValue<"GET /v1/batches/:id">;
export type Counts = Batch["counts"];
export type Failures = CallValue<"GET /v1/batches/:id/failures">;

export type Stats = CallValue<"GET /v1/stats">;
export type ModelStats = Stats["models"][number];
export type ModelLimit = CallValue<"GET /v1/models">["models"][number];
export type Throughput = CallValue<"GET /v1/throughput">;
export type Pauses = CallValue<"GET /v1/pause">;

export type Schedule = CallValue<"GET /v1/schedules/:id">;
export type Schedules = CallValue<"GET /v1/schedules">;

export type Hosts = CallValue<"GET /v1/egress/hosts">;
export type EgressDecisions = CallValue<"GET /v1/egress">;

export type Listing = CallValue<"GET /v1/tools">;
export type Policies = CallValue<"GET /v1/policies">;
export type Policy = Policies["policies"][number];
