/**
 * Objects in R2: their keys, and how they are written once. Keys are built from ids that the fleet created
 * (for inputs, from a checked key below the tenant's own prefix), never from other text of a client or a
 * model.
 */
import { platformLimits } from "../limits.ts";
import { bulkyRetries, withRetries } from "../platform/retries.ts";

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
  evalSpec: (tenant: string, id: string) => `evals/${tenant}/${id}/eval.json`,
  evalGrades: (tenant: string, id: string, variant: number) =>
    `evals/${tenant}/${id}/grades-${variant}.jsonl`,
  epoch: () => "fleet/epoch.json",
  input: (tenant: string, key: string) => `inputs/${tenant}/${key}`,
};

/** The prefixes that the sweep lists. */
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

/** The size of a text in D1 and R2: its UTF-16 length is up to three times too small. */
export const byteLength = (text: string): number => encoder.encode(text).byteLength;

/**
 * Puts an object if its key is free. If it is taken, an earlier try of the same writer put the object there,
 * because the key contains the fence or the hash; that counts as written.
 */
export async function putOnce(
  bucket: R2Bucket,
  key: string,
  body: string | Uint8Array,
  contentType: string,
): Promise<{ key: string; sha256: string; bytes: number }> {
  const bytes = typeof body === "string" ? encoder.encode(body) : body;
  const sha256 = await sha256Hex(bytes);
  await withRetries("put object", () =>
    bucket.put(key, bytes, {
      onlyIf: { etagDoesNotMatch: "*" },
      httpMetadata: { contentType },
      sha256,
    }),
  );
  return { key, sha256, bytes: bytes.byteLength };
}

/** Puts an object and replaces an earlier one. */
export async function putObject(
  bucket: R2Bucket,
  key: string,
  body: Parameters<R2Bucket["put"]>[1],
): Promise<void> {
  await withRetries("put object", () => bucket.put(key, body));
}

/** The first `limit` objects below a prefix. */
export async function listFirst(
  bucket: R2Bucket,
  prefix: string,
  limit: number,
): Promise<R2Object[]> {
  const { objects } = await withRetries("list objects", () => bucket.list({ prefix, limit }));
  return objects;
}

/** One page of the objects below a prefix, ordered by key, after the key `after`. */
export async function listPage(
  bucket: R2Bucket,
  { prefix, after, limit }: { prefix: string; after: string | null; limit: number },
): Promise<R2Objects> {
  const startAfter = after === null ? {} : { startAfter: after };
  return withRetries("list objects", () => bucket.list({ prefix, limit, ...startAfter }));
}

export async function getText(bucket: R2Bucket, key: string): Promise<string | null> {
  return withRetries("get object", async () => {
    const object = await bucket.get(key);
    return object === null ? null : object.text();
  });
}

export async function getBytes(bucket: R2Bucket, key: string): Promise<Uint8Array | null> {
  return withRetries("get object", async () => {
    const object = await bucket.get(key);
    return object === null ? null : new Uint8Array(await object.arrayBuffer());
  });
}

/** An object's bytes, or only its size if it is larger than `bytesMax`. */
export async function getBytesUpTo(
  bucket: R2Bucket,
  key: string,
  bytesMax: number,
): Promise<{ size: number; bytes: Uint8Array | null } | null> {
  return withRetries(
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
    bulkyRetries,
  );
}

export async function getRange(
  bucket: R2Bucket,
  key: string,
  range: { offset: number; length: number },
): Promise<Uint8Array | null> {
  return withRetries("get range", async () => {
    const object = await bucket.get(key, { range });
    return object === null ? null : new Uint8Array(await object.arrayBuffer());
  });
}

/** The hash of an object of any size: it is streamed, not held in memory. */
export async function hashObject(
  bucket: R2Bucket,
  key: string,
): Promise<{ sha256: string; bytes: number } | null> {
  return withRetries(
    "digest object",
    async () => {
      const object = await bucket.get(key);
      if (object === null) return null;
      const digest = new crypto.DigestStream("SHA-256");
      await object.body.pipeTo(digest);
      return { sha256: hex(await digest.digest), bytes: object.size };
    },
    bulkyRetries,
  );
}

/** An object whose body streams to a client at the client's speed: only the start has a deadline. */
export async function openObject(bucket: R2Bucket, key: string): Promise<R2ObjectBody | null> {
  return withRetries("open object", () => bucket.get(key));
}

export async function headObject(bucket: R2Bucket, key: string): Promise<R2Object | null> {
  return withRetries("head object", () => bucket.head(key));
}

/** Deletes any number of objects; a missing one is not an error, so the call may be repeated. */
export async function deleteObjects(bucket: R2Bucket, keys: readonly string[]): Promise<void> {
  const size = platformLimits.r2DeleteKeysMax;
  for (let from = 0; from < keys.length; from += size) {
    const group = keys.slice(from, from + size);
    await withRetries("delete objects", () => bucket.delete(group));
  }
}

/** One page of keys below a prefix, in key order; `last` is null on the last page. */
export async function listObjects(
  bucket: R2Bucket,
  prefix: string,
  after: string,
): Promise<{ objects: R2Object[]; last: string | null }> {
  return withRetries("list objects", async () => {
    const page = await bucket.list({
      prefix,
      limit: platformLimits.r2ListKeysMax,
      ...(after === "" ? {} : { startAfter: after }),
    });
    const last = page.truncated ? (page.objects.at(-1)?.key ?? null) : null;
    return { objects: page.objects, last };
  });
}
