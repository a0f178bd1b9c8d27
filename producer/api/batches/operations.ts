/** Batches: submit, read, results, cancel, redrive, pause, resume. */
import { Type } from "@sinclair/typebox";
import { BatchHead, BatchToSubmit } from "../../../shared/batch.ts";
import { batchIdPattern } from "../../../shared/ids.ts";
import { batchLimits } from "../../../shared/limits.ts";
import { ManyRedrive } from "../../../shared/redrive.ts";
import { DurableTask } from "../../../shared/task.ts";
import { json, operation } from "../../http/operation.ts";
import { limitUpTo } from "../tasks/operations.ts";
import {
  BatchAnswer,
  BatchPage,
  BatchRedriven,
  batchStatuses,
  DryRunAnswer,
  FailuresAnswer,
  ResultLine,
} from "./responses.ts";

export const BatchQuery = Type.Partial(
  Type.Object({
    status: Type.Union(batchStatuses.map((status) => Type.Literal(status))),
    cursor: Type.String({
      pattern: batchIdPattern,
      description: "a next_cursor as it was answered",
    }),
    limit: limitUpTo(batchLimits.listRowsMax, batchLimits.listRowsDefault),
  }),
  { additionalProperties: false },
);

export const submitBatch = operation({
  id: "submitBatch",
  method: "POST",
  path: "/v1/batches",
  scope: "submit",
  adds: true,
  about:
    "Accepts a batch: JSON with all that belongs to it, or one task per line with the rest in the query. 200 where its idempotency key had made it before, and for a dry run.",
  idempotent: true,
  query: BatchHead,
  body: { ...json(BatchToSubmit), "application/x-ndjson": DurableTask },
  answers: { 202: json(BatchAnswer), 200: json(Type.Union([BatchAnswer, DryRunAnswer])) },
  refuses: ["conflict"],
});

export const listBatches = operation({
  id: "listBatches",
  method: "GET",
  path: "/v1/batches",
  scope: "read",
  about: "Lists batches, the newest first.",
  query: BatchQuery,
  answers: { 200: json(BatchPage) },
});

export const getBatch = operation({
  id: "getBatch",
  method: "GET",
  path: "/v1/batches/:id",
  scope: "read",
  about: "The batch, with counts, usage and when the rest will be done.",
  answers: { 200: json(BatchAnswer) },
});

export const getBatchFailures = operation({
  id: "getBatchFailures",
  method: "GET",
  path: "/v1/batches/:id/failures",
  scope: "read",
  about: "Why tasks of the batch did not succeed, in groups, the largest first.",
  answers: { 200: json(FailuresAnswer) },
});

export const getBatchResults = operation({
  id: "getBatchResults",
  method: "GET",
  path: "/v1/batches/:id/results",
  scope: "read",
  about: "One line for each task that has ended, in the input's order.",
  answers: { 200: { "application/x-ndjson": ResultLine } },
});

export const cancelBatch = operation({
  id: "cancelBatch",
  method: "POST",
  path: "/v1/batches/:id/cancel",
  scope: "submit",
  about: "Cancels each task of the batch that has not ended.",
  answers: { 202: json(BatchAnswer) },
});

export const redriveBatch = operation({
  id: "redriveBatch",
  method: "POST",
  path: "/v1/batches/:id/redrive",
  scope: "submit",
  adds: true,
  about: "Redrives the tasks of a batch that can be, or those that a filter chooses.",
  body: json(ManyRedrive),
  answers: { 202: json(BatchRedriven) },
});

export const pauseBatch = operation({
  id: "pauseBatch",
  method: "POST",
  path: "/v1/batches/:id/pause",
  scope: "submit",
  about: "Pauses a batch: none of its tasks begins.",
  answers: { 202: json(BatchAnswer) },
  refuses: ["conflict"],
});

export const resumeBatch = operation({
  id: "resumeBatch",
  method: "POST",
  path: "/v1/batches/:id/resume",
  scope: "submit",
  about: "Resumes a batch; what waited is sent at once.",
  answers: { 202: json(BatchAnswer) },
});
