import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { ObjectWriter } from "../../../producer/batches/object_writer.ts";
import { storeLimits } from "../../../shared/limits.ts";

/** R2 whose completions fail: before or after they are applied. */
function bucketWhere(applied: boolean): R2Bucket {
  return new Proxy(env.OBJECTS, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (key !== "createMultipartUpload")
        return typeof value === "function" ? value.bind(target) : value;
      return async (...args: Parameters<R2Bucket["createMultipartUpload"]>) => {
        const upload = await target.createMultipartUpload(...args);
        const complete = async (parts: R2UploadedPart[]) => {
          if (applied) await upload.complete(parts);
          throw new Error("Network connection lost.");
        };
        return { uploadPart: upload.uploadPart.bind(upload), abort: async () => {}, complete };
      };
    },
  });
}

const bytes = storeLimits.partBytes + 1;

async function replace(key: string, bucket: R2Bucket): Promise<void> {
  const writer = new ObjectWriter(bucket, key, "text/plain");
  await writer.write(new Uint8Array(bytes).fill(0x32));
  await writer.finish();
}

const firstByteOf = async (key: string): Promise<number | undefined> => {
  const object = await env.OBJECTS.get(key, { range: { offset: 0, length: 1 } });
  return object === null ? undefined : new Uint8Array(await object.arrayBuffer())[0];
};

it.each([
  ["fails if the object is an older one of the same size", false, 0x31],
  ["succeeds if the object is its own", true, 0x32],
])("a multipart completion whose reply is lost %s", async (_, applied, byte) => {
  const key = `inputs/default/replaced-${applied}`;
  await env.OBJECTS.put(key, new Uint8Array(bytes).fill(0x31));
  const replaced = replace(key, bucketWhere(applied));
  if (applied) await replaced;
  else await expect(replaced).rejects.toThrow("Network connection lost.");
  expect(await firstByteOf(key)).toBe(byte);
});
