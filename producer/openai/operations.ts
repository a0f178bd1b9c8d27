/**
 * The calls in OpenAI's shape. They stand apart from the fleet's own operations, because its client does
 * not make them: OpenAI's clients do.
 */
import { Type } from "@sinclair/typebox";
import { json, operation } from "../http/operation.ts";
import {
  DeletedOpenAiFile,
  OpenAiBatch,
  OpenAiBatchPage,
  OpenAiFile,
  OpenAiFilePage,
  OpenAiModel,
  OpenAiModels,
} from "./answers.ts";
import { NewOpenAiBatch, OpenAiBatchQuery, OpenAiFileQuery, Upload } from "./requests.ts";

const wire = "openai";

export const createFile = operation({
  id: "createOpenAiFile",
  method: "POST",
  path: "/openai/v1/files",
  scope: "submit",
  wire,
  about: "Uploads the requests of a batch, one on each line.",
  body: { "multipart/form-data": Upload },
  answers: { 200: json(OpenAiFile) },
});

export const listFiles = operation({
  id: "listOpenAiFiles",
  method: "GET",
  path: "/openai/v1/files",
  scope: "read",
  wire,
  about: "Lists files, the newest first.",
  query: OpenAiFileQuery,
  answers: { 200: json(OpenAiFilePage) },
});

export const getFile = operation({
  id: "getOpenAiFile",
  method: "GET",
  path: "/openai/v1/files/:id",
  scope: "read",
  wire,
  about: "What is known of a file.",
  answers: { 200: json(OpenAiFile) },
});

export const getFileContent = operation({
  id: "getOpenAiFileContent",
  method: "GET",
  path: "/openai/v1/files/:id/content",
  scope: "read",
  wire,
  about: "The contents of a file, as a download.",
  answers: { 200: { "application/octet-stream": Type.Uint8Array() } },
});

export const deleteFile = operation({
  id: "deleteOpenAiFile",
  method: "DELETE",
  path: "/openai/v1/files/:id",
  scope: "submit",
  wire,
  about: "Deletes a file, for good; a batch that was made of it goes on.",
  answers: { 200: json(DeletedOpenAiFile) },
});

export const createBatch = operation({
  id: "createOpenAiBatch",
  method: "POST",
  path: "/openai/v1/batches",
  scope: "submit",
  wire,
  adds: true,
  about:
    "Makes a batch of an uploaded file; one whose lines are refused has failed and names them in errors.",
  idempotent: true,
  body: json(NewOpenAiBatch),
  answers: { 200: json(OpenAiBatch) },
  refuses: ["not_found", "conflict"],
});

export const listBatches = operation({
  id: "listOpenAiBatches",
  method: "GET",
  path: "/openai/v1/batches",
  scope: "read",
  wire,
  about: "Lists the batches that were made in this shape, the newest first.",
  query: OpenAiBatchQuery,
  answers: { 200: json(OpenAiBatchPage) },
});

export const getBatch = operation({
  id: "getOpenAiBatch",
  method: "GET",
  path: "/openai/v1/batches/:id",
  scope: "read",
  wire,
  about: "The batch, counted at the moment of the answer.",
  answers: { 200: json(OpenAiBatch) },
});

export const cancelBatch = operation({
  id: "cancelOpenAiBatch",
  method: "POST",
  path: "/openai/v1/batches/:id/cancel",
  scope: "submit",
  wire,
  about: "Cancels a batch: what has not ended ends before its next step.",
  answers: { 200: json(OpenAiBatch) },
  refuses: ["conflict"],
});

export const listModels = operation({
  id: "listOpenAiModels",
  method: "GET",
  path: "/openai/v1/models",
  scope: "read",
  wire,
  about: "The models that are known by name, the fleet's own first.",
  answers: { 200: json(OpenAiModels) },
});

export const getModel = operation({
  id: "getOpenAiModel",
  method: "GET",
  path: "/openai/v1/models/:model",
  scope: "read",
  wire,
  about: "A model that a line may name.",
  answers: { 200: json(OpenAiModel) },
});
