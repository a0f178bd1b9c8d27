/** Files: upload, list, read, fetch, delete. */
import { isFileId, newFileId } from "../../../shared/ids.ts";
import { openAiLimits, storeLimits } from "../../../shared/limits.ts";
import { deleteObjects, objectKeys, openObject } from "../../../shared/objects.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { StoreFault } from "../../../shared/retrying.ts";
import {
  beginFile,
  completeFile,
  listFiles,
  readFile,
  removeFile,
  type WholeFile,
} from "../../../shared/store/files.ts";
import { ObjectWriter } from "../../batches/object_writer.ts";
import { tooLarge } from "../../http/body.ts";
import { type Call, type Handler, type Route, route } from "../../http/call.ts";
import { notFound, type Problem } from "../../http/problem.ts";
import { readQuery } from "../../http/query.ts";
import type { DeletedOpenAiFile } from "../answers.ts";
import { fileObject, readUpload } from "../file_object.ts";
import { readForm } from "../form.ts";
import * as operations from "../operations.ts";
import { pageOf } from "../page.ts";
import { OpenAiFileQuery } from "../requests.ts";

/** Streams the file to R2 and looks at the form's fields once they are all there: clients send them behind it. */
const post: Handler = async ({ request, env, principal: { tenant } }) => {
  const id = newFileId();
  await beginFile(env.DB, { id, tenant });
  const writer = new ObjectWriter(env.OBJECTS, objectKeys.file(tenant, id), "application/jsonl");
  try {
    const form = await readForm(request, async (bytes) => {
      if (writer.bytes + bytes.byteLength > storeLimits.uploadBytesMax) {
        return tooLarge(storeLimits.uploadBytesMax, "make several batches");
      }
      await writer.write(bytes);
      return ok(null);
    });
    const upload = form.ok ? readUpload(form.value, writer.bytes) : form;
    if (!upload.ok) {
      await writer.abort();
      await removeFile(env.DB, tenant, id);
      return upload;
    }
    await writer.finish();
    const { name, seconds } = upload.value;
    const whole = { id, tenant, filename: name, bytes: writer.bytes, seconds };
    const row = await completeFile(env.DB, whole);
    if (row === null) throw new StoreFault(`file ${id} is not there after its upload`);
    return ok(Response.json(fileObject(row)));
  } catch (error) {
    await writer.abort();
    throw error;
  }
};

async function fileOf({ env, principal, param }: Call): Promise<Result<WholeFile, Problem>> {
  const id = param("id");
  const row = isFileId(id) ? await readFile(env.DB, principal.tenant, id) : null;
  return row === null ? err(notFound("file")) : ok(row);
}

const keyOf = ({ id, tenant, batch_id, run, holds }: WholeFile): string =>
  batch_id === null || run === null || holds === null
    ? objectKeys.file(tenant, id)
    : objectKeys.batchFile(tenant, batch_id, run, holds);

const get: Handler = async (call) => {
  const file = await fileOf(call);
  return file.ok ? ok(Response.json(fileObject(file.value))) : file;
};

const content: Handler = async (call) => {
  const file = await fileOf(call);
  if (!file.ok) return file;
  const object = await openObject(call.env.OBJECTS, keyOf(file.value));
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

const list: Handler = async ({ env, principal, url }) => {
  const asked = readQuery(OpenAiFileQuery, url.searchParams);
  if (!asked.ok) return asked;
  const { after = null, purpose = null, order } = asked.value;
  // More may be asked for than a page answers, as clients of this shape do.
  const limit = Math.min(
    asked.value.limit ?? openAiLimits.fileRowsDefault,
    openAiLimits.fileRowsMax,
  );
  const by = { after, limit, purpose, newestFirst: order !== "asc" };
  const rows = await listFiles(env.DB, principal.tenant, by);
  const { page, answer } = pageOf(rows, limit);
  return ok(answer(page.map(fileObject)));
};

/** A batch that was made of a file has a copy of what it needs, so files may go at any time. */
const remove: Handler = async (call) => {
  const file = await fileOf(call);
  if (!file.ok) return file;
  const { id, tenant } = file.value;
  await deleteObjects(call.env.OBJECTS, [keyOf(file.value)]);
  await removeFile(call.env.DB, tenant, id);
  const gone: DeletedOpenAiFile = { id, object: "file", deleted: true };
  return ok(Response.json(gone));
};

export const openAiFileRoutes: readonly Route[] = [
  route(operations.createFile, post),
  route(operations.listFiles, list),
  route(operations.getFile, get),
  route(operations.getFileContent, content),
  route(operations.deleteFile, remove),
];
