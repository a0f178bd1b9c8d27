/** Files: upload, list, read, download, delete. */

import { deleteObjects, objectKeys, openObject } from "../../../shared/files/objects.ts";
import { isFileId, newFileId } from "../../../shared/identity/ids.ts";
import { openAiLimits, storeLimits } from "../../../shared/limits.ts";
import { StoreFault } from "../../../shared/platform/retries.ts";
import { err, ok } from "../../../shared/result.ts";
import {
  completeFile,
  insertFile,
  listFiles,
  readFile,
  removeFile,
  type StoredFile,
} from "../../../shared/store/openai/files.ts";
import { ObjectWriter } from "../../batches/object_writer.ts";
import { tooLarge } from "../../http/body.ts";
import { notFound } from "../../http/problem.ts";
import { readQuery } from "../../http/query.ts";
import { type Handler, type Route, route } from "../../http/route.ts";
import { rowFinder } from "../../http/row_finder.ts";
import { listPage } from "../list_page.ts";
import { fileObject } from "./file_object.ts";
import * as operations from "./operations.ts";
import type { DeletedOpenAiFile } from "./responses.ts";
import { checkUpload } from "./upload_fields.ts";
import { readUploadForm } from "./upload_form.ts";

/** Streams the file to R2 first and checks the other fields afterwards, because clients send them last. */
const handleCreateFile: Handler = async ({ request, env, principal: { tenant } }) => {
  const id = newFileId();
  await insertFile(env.DB, { id, tenant });
  const writer = new ObjectWriter(env.OBJECTS, objectKeys.file(tenant, id), "application/jsonl");
  try {
    const form = await readUploadForm(request, async (bytes) => {
      if (writer.bytes + bytes.byteLength > storeLimits.uploadBytesMax) {
        return tooLarge(storeLimits.uploadBytesMax, "create several batches");
      }
      await writer.write(bytes);
      return ok(null);
    });
    const upload = form.ok ? checkUpload(form.value, writer.bytes) : form;
    if (!upload.ok) {
      await writer.abort();
      await removeFile(env.DB, tenant, id);
      return upload;
    }
    await writer.finish();
    const { name: filename, seconds } = upload.value;
    const file = { id, tenant, filename, bytes: writer.bytes, seconds };
    const row = await completeFile(env.DB, file);
    if (row === null) throw new StoreFault(`file ${id} is missing after its upload`);
    return ok(Response.json(fileObject(row)));
  } catch (error) {
    await writer.abort();
    throw error;
  }
};

const findFile = rowFinder("file", isFileId, readFile);

const objectKeyOf = ({ id, tenant, batch_id, run, holds }: StoredFile): string =>
  batch_id === null || run === null || holds === null
    ? objectKeys.file(tenant, id)
    : objectKeys.batchFile(tenant, batch_id, run, holds);

const handleGetFile: Handler = async (context) => {
  const file = await findFile(context);
  return file.ok ? ok(Response.json(fileObject(file.value))) : file;
};

const handleGetFileContent: Handler = async (context) => {
  const file = await findFile(context);
  if (!file.ok) return file;
  const object = await openObject(context.env.OBJECTS, objectKeyOf(file.value));
  if (object === null) return err(notFound("file"));
  return ok(
    new Response(object.body, {
      headers: {
        "content-type": "application/octet-stream",
        "content-length": String(object.size),
        "content-disposition": "attachment",
        "x-content-type-options": "nosniff",
      },
    }),
  );
};

const handleListFiles: Handler = async ({ env, principal, url }) => {
  const query = readQuery(operations.OpenAiFileQuery, url.searchParams);
  if (!query.ok) return query;
  const { after = null, purpose = null, order } = query.value;
  // OpenAI's clients may request more rows than a page holds.
  const limit = Math.min(
    query.value.limit ?? openAiLimits.fileRowsDefault,
    openAiLimits.fileRowsMax,
  );
  const filter = { after, limit, purpose, newestFirst: order !== "asc" };
  const rows = await listFiles(env.DB, principal.tenant, filter);
  const { page, respond } = listPage(rows, limit);
  return ok(respond(page.map(fileObject)));
};

/** Batches copy their input, so a file can be deleted at any time. */
const handleDeleteFile: Handler = async (context) => {
  const file = await findFile(context);
  if (!file.ok) return file;
  const { id, tenant } = file.value;
  await deleteObjects(context.env.OBJECTS, [objectKeyOf(file.value)]);
  await removeFile(context.env.DB, tenant, id);
  const response: DeletedOpenAiFile = { id, object: "file", deleted: true };
  return ok(Response.json(response));
};

export const openAiFileRoutes: readonly Route[] = [
  route(operations.createFile, handleCreateFile),
  route(operations.listFiles, handleListFiles),
  route(operations.getFile, handleGetFile),
  route(operations.getFileContent, handleGetFileContent),
  route(operations.deleteFile, handleDeleteFile),
];
