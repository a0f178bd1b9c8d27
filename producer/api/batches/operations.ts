/** Batches: submit, read, results, cancel, redrive, pause, resume. */
import { Type } from "@sinclair/typebox";
import { batchIdPattern } from "../../../shared/identity/ids.ts";
import { batchLimits } from "../../../shared/limits.ts";
import { BatchHead, BatchToSubmit } from "../../../shared/task/batch.ts";
import { BatchRedrive } from "../../../shared/task/redrive.ts";
import { DurableTask } from "../../../shared/task/task.ts";
import { json, operation } from "../../http/operation.ts";
import { cursorOf, limitUpTo, oneOf, strict } from "../../http/values.ts";
import {
  BatchPage,
  BatchRedriveResponse,
  BatchResponse,
  batchStatuses,
  DryRunResponse,
  FailuresResponse,
  ResultLine,
} from "./responses.ts";

export const BatchQuery = Type.Partial(
  Type.Object({
    status: oneOf(batchStatuses),
    cursor: cursorOf(batchIdPattern),
    limit: limitUpTo(batchLimits.listRowsMax, batchLimits.listRowsDefault),
  }),
  strict,
);

export const submitBatch = operation({
  id: "submitBatch",
  method: "POST",
  path: "/v1/batches",
  scope: "submit",
  addsWork: true,
  summary:
    "Submits a batch: one JSON object, or NDJSON with one task per line and the other fields in the query. 200 if the idempotency key was used before with the same body, and for a dry run.",
  idempotent: true,
  query: BatchHead,
  body: { ...json(BatchToSubmit), "application/x-ndjson": DurableTask },
  responses: { 202: json(BatchResponse), 200: json(Type.Union([BatchResponse, DryRunResponse])) },
  errors: ["conflict"],
});

export const listBatches = operation({
  id: "listBatches",
  method: "GET",
  path: "/v1/batches",
  scope: "read",
  summary: "Lists batches, newest first.",
  query: BatchQuery,
  responses: { 200: json(BatchPage) },
});

export const getBatch = operation({
  id: "getBatch",
  method: "GET",
  path: "/v1/batches/:id",
  scope: "read",
  summary: "Returns a batch with its counts, its usage and the estimated time of completion.",
  responses: { 200: json(BatchResponse) },
});

export const getBatchFailures = operation({
  id: "getBatchFailures",
  method: "GET",
  path: "/v1/batches/:id/failures",
  scope: "read",
  summary: "Groups the tasks of a batch that did not succeed by their cause, largest group first.",
  responses: { 200: json(FailuresResponse) },
});

export const getBatchResults = operation({
  id: "getBatchResults",
  method: "GET",
  path: "/v1/batches/:id/results",
  scope: "read",
  summary: "Streams one line for each settled task, in the order of the input.",
  responses: { 200: { "application/x-ndjson": ResultLine } },
});

export const cancelBatch = operation({
  id: "cancelBatch",
  method: "POST",
  path: "/v1/batches/:id/cancel",
  scope: "submit",
  summary: "Cancels every task of a batch that has not settled.",
  responses: { 202: json(BatchResponse) },
});

export const redriveBatch = operation({
  id: "redriveBatch",
  method: "POST",
  path: "/v1/batches/:id/redrive",
  scope: "submit",
  addsWork: true,
  summary: "Redrives all tasks of a batch that can be redriven, or those that match a filter.",
  body: json(BatchRedrive),
  responses: { 202: json(BatchRedriveResponse), 200: json(BatchRedriveResponse) },
});

export const pauseBatch = operation({
  id: "pauseBatch",
  method: "POST",
  path: "/v1/batches/:id/pause",
  scope: "submit",
  summary: "Pauses a batch: none of its tasks starts.",
  responses: { 202: json(BatchResponse) },
  errors: ["conflict"],
});

export const resumeBatch = operation({
  id: "resumeBatch",
  method: "POST",
  path: "/v1/batches/:id/resume",
  scope: "submit",
  summary: "Resumes a batch and sends its waiting tasks immediately.",
  responses: { 202: json(BatchResponse) },
});
