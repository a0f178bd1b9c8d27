/** What the API answers, as the pages name it: types of the typed client, of which nothing is left in the script. */
import type { Value } from "flotilla/client";

export type { Reason, Status } from "../../../shared/states.ts";

export type Task = Value<"GET /v1/tasks/:id">;
export type Tasks = Value<"GET /v1/tasks">;
export type Spec = Value<"GET /v1/tasks/:id/spec">;
export type Steps = Value<"GET /v1/tasks/:id/steps">;
export type Step = Steps["steps"][number];
export type Decisions = Value<"GET /v1/tasks/:id/egress">;
export type Decision = Decisions["decisions"][number];
export type WorkspaceFiles = Value<"GET /v1/tasks/:id/files">;
export type WorkspaceFile = WorkspaceFiles["files"][number];
export type Result = Value<"GET /v1/tasks/:id/result">;

export type DeadLetters = Value<"GET /v1/dead_letters">;
export type DeadLetter = DeadLetters["tasks"][number];
export type Redriven = Value<"POST /v1/tasks/redrive">;

export type Batch = Value<"GET /v1/batches/:id">;
export type Batches = Value<"GET /v1/batches">;
export type Counts = Batch["counts"];
export type Failures = Value<"GET /v1/batches/:id/failures">;

export type Stats = Value<"GET /v1/stats">;
export type ModelStats = Stats["models"][number];
export type Paces = Value<"GET /v1/models">;
export type ModelPace = Paces["models"][number];
export type Throughput = Value<"GET /v1/throughput">;
export type Spend = Value<"GET /v1/spend">;
export type Pauses = Value<"GET /v1/pause">;

export type Schedule = Value<"GET /v1/schedules/:id">;
export type Schedules = Value<"GET /v1/schedules">;

export type Hosts = Value<"GET /v1/egress/hosts">;
export type ListedDecisions = Value<"GET /v1/egress">;
export type ListedDecision = ListedDecisions["decisions"][number];

export type Listing = Value<"GET /v1/tools">;
export type Policies = Value<"GET /v1/policies">;
export type Policy = Policies["policies"][number];
