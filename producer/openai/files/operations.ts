/** Files: upload, list, read, download, delete. */
import { Type } from "@sinclair/typebox";
import { fileIdPattern } from "../../../shared/identity/ids.ts";
import { openAiLimits } from "../../../shared/limits.ts";
import { json } from "../../http/operation.ts";
import { limitUpTo, oneOf, strict } from "../../http/values.ts";
import { afterId } from "../list_page.ts";
import { openAiOperation } from "../openai_operation.ts";
import { DeletedOpenAiFile, OpenAiFile, OpenAiFilePage } from "./responses.ts";

/** The fields of an upload's form, except the file. */
export const UploadFields = Type.Object(
  {
    purpose: Type.Literal("batch"),
    "expires_after[anchor]": Type.Optional(Type.Literal("created_at")),
    "expires_after[seconds]": Type.Optional(
      Type.Integer({ minimum: openAiLimits.fileSecondsMin, maximum: openAiLimits.fileSecondsMax }),
    ),
  },
  strict,
);

/** The file is streamed, so the form's reader checks it and not this schema. */
const Upload = Type.Object(
  {
    file: Type.String({
      contentMediaType: "application/octet-stream",
      description: "one request per line",
    }),
    ...UploadFields.properties,
  },
  strict,
);

export const createFile = openAiOperation({
  id: "createOpenAiFile",
  method: "POST",
  path: "/openai/v1/files",
  scope: "submit",
  summary: "Uploads the requests of a batch, one per line.",
  body: { "multipart/form-data": Upload },
  responses: { 200: json(OpenAiFile) },
});

export const OpenAiFileQuery = Type.Partial(
  Type.Object({
    after: afterId(fileIdPattern),
    limit: limitUpTo(openAiLimits.fileRowsRequestMax, openAiLimits.fileRowsDefault),
    purpose: oneOf(["batch", "batch_output"]),
    order: oneOf(["asc", "desc"]),
  }),
  strict,
);

export const listFiles = openAiOperation({
  id: "listOpenAiFiles",
  method: "GET",
  path: "/openai/v1/files",
  scope: "read",
  summary: "Lists files, newest first.",
  query: OpenAiFileQuery,
  responses: { 200: json(OpenAiFilePage) },
});

export const getFile = openAiOperation({
  id: "getOpenAiFile",
  method: "GET",
  path: "/openai/v1/files/:id",
  scope: "read",
  summary: "Returns a file's name, size and purpose.",
  responses: { 200: json(OpenAiFile) },
});

export const getFileContent = openAiOperation({
  id: "getOpenAiFileContent",
  method: "GET",
  path: "/openai/v1/files/:id/content",
  scope: "read",
  summary: "Downloads a file.",
  responses: { 200: { "application/octet-stream": Type.Uint8Array() } },
});

export const deleteFile = openAiOperation({
  id: "deleteOpenAiFile",
  method: "DELETE",
  path: "/openai/v1/files/:id",
  scope: "submit",
  summary: "Deletes a file permanently. Batches that were created from it continue.",
  responses: { 200: json(DeletedOpenAiFile) },
});
