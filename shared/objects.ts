/**
 * The R2 side: where each object lies, and how it is written once. Keys are built from ids that
 * the fleet made (and, for inputs, from a checked key below the tenant's own prefix), never from
 * what a client or a model says.
 */
import { retrying } from "./retrying.ts";

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
  input: (tenant: string, key: string) => `inputs/${tenant}/${key}`,
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
