/** Uploads that tasks of this tenant may name as {"r2": "<key>"}. */
import { createHash } from "node:crypto";
import { storeLimits } from "../../../shared/limits.ts";
import { deleteObjects, headObject, objectKeys } from "../../../shared/objects.ts";
import { err, ok } from "../../../shared/result.ts";
import { ObjectWriter } from "../../batches/object_writer.ts";
import { bodyChunks, tooLarge } from "../../http/body.ts";
import { type Handler, type Route, route } from "../../http/call.ts";
import { refusedAt } from "../../http/problem.ts";
import { inputKeyFault } from "../../tasks/input_key.ts";
import * as operations from "../operations.ts";

const prefix = "/v1/inputs/";

/** Streams the body to R2; an upload that is cut short or too long leaves what stood there before. */
const put: Handler = async ({ request, env, principal, url }) => {
  const key = decoded(url.pathname.slice(prefix.length));
  const fault = inputKeyFault(key);
  if (fault !== null) return err(refusedAt("key", fault));
  const writer = new ObjectWriter(
    env.OBJECTS,
    objectKeys.input(principal.tenant, key),
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
  return ok(Response.json({ key, bytes: writer.bytes, sha256: hash.digest("hex") }));
};

/** Uploads stay until somebody deletes them. Tasks that still name this one find no file. */
const remove: Handler = async ({ env, principal, url }) => {
  const key = decoded(url.pathname.slice(prefix.length));
  const fault = inputKeyFault(key);
  if (fault !== null) return err(refusedAt("key", fault));
  const at = objectKeys.input(principal.tenant, key);
  if ((await headObject(env.OBJECTS, at)) === null) {
    return err({ kind: "not_found", message: `no input has the key ${key}` });
  }
  await deleteObjects(env.OBJECTS, [at]);
  return ok(Response.json({ key, deleted: true }));
};

/** Text that does not decode is no key either, and is refused as one. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

export const inputRoutes: readonly Route[] = [
  route(operations.putInput, put),
  route(operations.deleteInput, remove),
];
