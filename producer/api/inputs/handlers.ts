/** Uploads that tasks of the tenant may use as {"r2": "<key>"}. */
import { createHash } from "node:crypto";
import { deleteObjects, headObject, listPage, objectKeys } from "../../../shared/files/objects.ts";
import { storeLimits } from "../../../shared/limits.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { ObjectWriter } from "../../batches/object_writer.ts";
import { bodyChunks, tooLarge } from "../../http/body.ts";
import { invalidField, type Problem } from "../../http/problem.ts";
import { readQuery } from "../../http/query.ts";
import { type Handler, type Route, route } from "../../http/route.ts";
import { checkInputKey } from "../../tasks/check/input_key.ts";
import * as operations from "./operations.ts";

/** Streams the body to R2. An upload that is aborted or too large leaves the previous object. */
const handlePutInput: Handler = async ({ request, env, principal, url }) => {
  const key = readKey(url);
  if (!key.ok) return key;
  const writer = new ObjectWriter(
    env.OBJECTS,
    objectKeys.input(principal.tenant, key.value),
    "application/octet-stream",
  );
  const hash = createHash("sha256");
  try {
    for await (const chunk of bodyChunks(request)) {
      if (writer.bytes + chunk.byteLength > storeLimits.uploadBytesMax) {
        await writer.abort();
        return tooLarge(storeLimits.uploadBytesMax, "split it into several inputs");
      }
      hash.update(chunk);
      await writer.write(chunk);
    }
    await writer.finish();
  } catch (error) {
    await writer.abort();
    throw error;
  }
  const sha256 = hash.digest("hex");
  return ok(Response.json({ key: key.value, bytes: writer.bytes, sha256 }));
};

/** Ordered by key. The cursor is the last key of a page, so that a deleted one does not end the list. */
const handleListInputs: Handler = async ({ env, principal, url }) => {
  const query = readQuery(operations.InputQuery, url.searchParams);
  if (!query.ok) return query;
  const { prefix = "", cursor = null, limit = storeLimits.pageRowsDefault } = query.value;
  const folder = objectKeys.input(principal.tenant, "");
  const { objects, truncated } = await listPage(env.OBJECTS, {
    prefix: `${folder}${prefix}`,
    after: cursor === null ? null : `${folder}${cursor}`,
    limit,
  });
  const inputs = objects.map(({ key, size, uploaded }) => ({
    key: key.slice(folder.length),
    bytes: size,
    uploaded_at: uploaded.toISOString(),
  }));
  const next_cursor = truncated ? (inputs.at(-1)?.key ?? null) : null;
  return ok(Response.json({ inputs, next_cursor } satisfies operations.InputPage));
};

/** Uploads have no expiry. Tasks that still name a deleted one find no file. */
const handleDeleteInput: Handler = async ({ env, principal, url }) => {
  const key = readKey(url);
  if (!key.ok) return key;
  const objectKey = objectKeys.input(principal.tenant, key.value);
  if ((await headObject(env.OBJECTS, objectKey)) === null) {
    return err({ kind: "not_found", message: `no input with the key ${key.value}` });
  }
  await deleteObjects(env.OBJECTS, [objectKey]);
  return ok(Response.json({ key: key.value, deleted: true }));
};

/** The key in the path. A path that does not decode is an invalid key. */
function readKey({ pathname }: URL): Result<string, Problem> {
  // The list's own path, which the router also takes for a key.
  if (pathname === "/v1/inputs") {
    return err({
      kind: "method_not_allowed",
      message: "method not allowed: use GET",
      allow: ["GET"],
    });
  }
  const key = checkInputKey(decodePath(pathname.slice("/v1/inputs/".length)));
  return key.ok ? key : err(invalidField("key", key.error));
}

function decodePath(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

export const inputRoutes: readonly Route[] = [
  route(operations.listInputs, handleListInputs),
  route(operations.putInput, handlePutInput),
  route(operations.deleteInput, handleDeleteInput),
];
