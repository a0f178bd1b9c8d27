/** Batches: create, list, read, cancel. */
import { Type } from "@sinclair/typebox";
import { batchIdPattern } from "../../../shared/identity/ids.ts";
import { batchLimits } from "../../../shared/limits.ts";
import { json } from "../../http/operation.ts";
import { limitUpTo, strict } from "../../http/values.ts";
import { afterId } from "../list_page.ts";
import { openAiOperation } from "../openai_operation.ts";
import { NewOpenAiBatch } from "./batch_request.ts";
import { OpenAiBatch, OpenAiBatchPage } from "./responses.ts";

export const createBatch = openAiOperation({
  id: "createOpenAiBatch",
  method: "POST",
  path: "/openai/v1/batches",
  scope: "submit",
  addsWork: true,
  summary:
    "Creates a batch from an uploaded file. If lines are invalid, the batch has failed and lists them in errors.",
  idempotent: true,
  body: json(NewOpenAiBatch),
  responses: { 200: json(OpenAiBatch) },
  errors: ["not_found", "conflict"],
});

export const OpenAiBatchQuery = Type.Partial(
  Type.Object({
    after: afterId(batchIdPattern),
    limit: limitUpTo(batchLimits.listRowsMax, batchLimits.listRowsDefault),
  }),
  strict,
);

export const listBatches = openAiOperation({
  id: "listOpenAiBatches",
  method: "GET",
  path: "/openai/v1/batches",
  scope: "read",
  summary: "Lists the batches that were created through this API, newest first.",
  query: OpenAiBatchQuery,
  responses: { 200: json(OpenAiBatchPage) },
});

export const getBatch = openAiOperation({
  id: "getOpenAiBatch",
  method: "GET",
  path: "/openai/v1/batches/:id",
  scope: "read",
  summary: "Returns a batch with its current counts.",
  responses: { 200: json(OpenAiBatch) },
});

export const cancelBatch = openAiOperation({
  id: "cancelOpenAiBatch",
  method: "POST",
  path: "/openai/v1/batches/:id/cancel",
  scope: "submit",
  summary: "Cancels a batch: unfinished tasks settle before their next step.",
  responses: { 200: json(OpenAiBatch) },
  errors: ["conflict"],
});
