/**
 * The R2 side: where each object lies, and how it is written once. Keys are built from ids that
 * the fleet made (and, for inputs, from a checked key below the tenant's own prefix), never from
 * what a client or a model says.
 */
import { platformLimits } from "./limits.ts";
import { bulky, retrying } from "./retrying.ts";

export const objectKeys = {
  spec: (tenant: string, id: string) => `tasks/${tenant}/${id}/task.json`,
  result: (tenant: string, id: string, fence: number) =>
    `tasks/${tenant}/${id}/${fence}/result.json`,
  transcript: (tenant: string, id: string, fence: number) =>
    `tasks/${tenant}/${id}/${fence}/transcript.jsonl`,
  blob: (tenant: string, id: string, sha256: string) => `tasks/${tenant}/${id}/blobs/${sha256}`,
  batchInput: (tenant: string, id: string) => `batches/${tenant}/${id}/input.jsonl`,
  batchResults: (tenant: string, id: string, chunk: number, version: number) =>
    `batches/${tenant}/${id}/results/${chunk}-${version}.jsonl`,
  batchFile: (tenant: string, id: string, run: number, holds: string) =>
    `batches/${tenant}/${id}/files/${run}-${holds}.jsonl`,
  file: (tenant: string, id: string) => `files/${tenant}/${id}`,
  input: (tenant: string, key: string) => `inputs/${tenant}/${key}`,
};

/** What the sweep lists. */
export const objectPrefixes = {
  tasks: "tasks/",
  tasksOf: (tenant: string) => `tasks/${tenant}/`,
  batches: "batches/",
  batch: (tenant: string, id: string) => `batches/${tenant}/${id}/`,
};

export async function sha256Hex(bytes: Uint8Array): Promise<string> {
  return hex(await crypto.subtle.digest("SHA-256", bytes));
}

export function hex(bytes: ArrayBuffer): string {
  return new Uint8Array(bytes).toHex();
}

const encoder = new TextEncoder();

/** What a text weighs in D1 and R2: a UTF-16 length is up to three times too small. */
export const byteLength = (text: string): number => encoder.encode(text).byteLength;

/**
 * Puts an object if its key is free. A key that is taken holds what an earlier try of the same
 * writer put there, because the fence or the hash is in the key; that counts as written.
 */
export async function putOnce(
  bucket: R2Bucket,
  key: string,
  body: string | Uint8Array,
  contentType: string,
): Promise<{ key: string; sha256: string; bytes: number; fresh: boolean }> {
  const bytes = typeof body === "string" ? encoder.encode(body) : body;
  const sha256 = await sha256Hex(bytes);
  const put = await retrying("put object", () =>
    bucket.put(key, bytes, {
      onlyIf: { etagDoesNotMatch: "*" },
      httpMetadata: { contentType },
      sha256,
    }),
  );
  return { key, sha256, bytes: bytes.byteLength, fresh: put !== null };
}

/** Puts an object in the place of whatever stood there. */
export async function putObject(
  bucket: R2Bucket,
  key: string,
  body: Parameters<R2Bucket["put"]>[1],
): Promise<void> {
  await retrying("put object", () => bucket.put(key, body));
}

/** What stands below a prefix, up to so many. */
export async function listSome(
  bucket: R2Bucket,
  prefix: string,
  limit: number,
): Promise<R2Object[]> {
  const { objects } = await retrying("list objects", () => bucket.list({ prefix, limit }));
  return objects;
}

export async function getText(bucket: R2Bucket, key: string): Promise<string | null> {
  return retrying("get object", async () => {
    const object = await bucket.get(key);
    return object === null ? null : object.text();
  });
}

export async function getBytes(bucket: R2Bucket, key: string): Promise<Uint8Array | null> {
  return retrying("get object", async () => {
    const object = await bucket.get(key);
    return object === null ? null : new Uint8Array(await object.arrayBuffer());
  });
}

/** An object's bytes, or its size alone where it is larger than the caller takes. */
export async function getBytesUpTo(
  bucket: R2Bucket,
  key: string,
  bytesMax: number,
): Promise<{ size: number; bytes: Uint8Array | null } | null> {
  return retrying(
    "get object",
    async () => {
      const object = await bucket.get(key);
      if (object === null) return null;
      if (object.size <= bytesMax) {
        return { size: object.size, bytes: new Uint8Array(await object.arrayBuffer()) };
      }
      await object.body.cancel();
      return { size: object.size, bytes: null };
    },
    bulky,
  );
}

export async function getRange(
  bucket: R2Bucket,
  key: string,
  range: { offset: number; length: number },
): Promise<Uint8Array | null> {
  return retrying("get range", async () => {
    const object = await bucket.get(key, { range });
    return object === null ? null : new Uint8Array(await object.arrayBuffer());
  });
}

/** The hash of an object, whatever its size: it streams by and is not kept. */
export async function digestObject(
  bucket: R2Bucket,
  key: string,
): Promise<{ sha256: string; bytes: number } | null> {
  return retrying(
    "digest object",
    async () => {
      const object = await bucket.get(key);
      if (object === null) return null;
      const digest = new crypto.DigestStream("SHA-256");
      await object.body.pipeTo(digest);
      return { sha256: hex(await digest.digest), bytes: object.size };
    },
    bulky,
  );
}

/** An object whose body streams on to a client, as fast as that reads: only its beginning has a deadline. */
export async function openObject(bucket: R2Bucket, key: string): Promise<R2ObjectBody | null> {
  return retrying("open object", () => bucket.get(key));
}

export async function headObject(bucket: R2Bucket, key: string): Promise<R2Object | null> {
  return retrying("head object", () => bucket.head(key));
}

/** Deletes objects, however many; one that is not there is no error, so it may be repeated. */
export async function deleteObjects(bucket: R2Bucket, keys: readonly string[]): Promise<void> {
  const size = platformLimits.r2DeleteKeysMax;
  for (let from = 0; from < keys.length; from += size) {
    const group = keys.slice(from, from + size);
    await retrying("delete objects", () => bucket.delete(group));
  }
}

/** One page of keys below a prefix, in the order of keys; `last` is null where no page follows. */
export async function listObjects(
  bucket: R2Bucket,
  prefix: string,
  after: string,
): Promise<{ objects: R2Object[]; last: string | null }> {
  return retrying("list objects", async () => {
    const page = await bucket.list({
      prefix,
      limit: platformLimits.r2ListKeysMax,
      ...(after === "" ? {} : { startAfter: after }),
    });
    const last = page.truncated ? (page.objects.at(-1)?.key ?? null) : null;
    return { objects: page.objects, last };
  });
}
