/** The contents of one task's files: in the task's input, or in R2. What the agent's tools and the API both read. */
import { workspaceLimits } from "../limits.ts";
import type { FileEntry } from "../task/step.ts";
import type { InputFile } from "../task/task.ts";
import { getBytes, getBytesUpTo, hashObject, objectKeys, sha256Hex } from "./objects.ts";

/** What a step changed, by path; null where it deleted the file. */
export type ManifestChange = Record<string, FileEntry | null>;

export class StoredFiles {
  readonly #bucket: R2Bucket;
  readonly #tenant: string;
  readonly #taskId: string;

  constructor(bucket: R2Bucket, tenant: string, taskId: string) {
    this.#bucket = bucket;
    this.#tenant = tenant;
    this.#taskId = taskId;
  }

  readBlob(sha256: string): Promise<Uint8Array | null> {
    return getBytes(this.#bucket, objectKeys.blob(this.#tenant, this.#taskId, sha256));
  }

  /** Null when an upload is missing. Rejects when it is larger than a file of a workspace may be. */
  async readInput(input: InputFile): Promise<Uint8Array | null> {
    if ("text" in input) return new TextEncoder().encode(input.text);
    if ("base64" in input) return Uint8Array.fromBase64(input.base64);
    const { fileBytesMax } = workspaceLimits;
    const object = await getBytesUpTo(this.#bucket, this.#inputKey(input), fileBytesMax);
    if (object === null || object.bytes !== null) return object?.bytes ?? null;
    throw new Error(
      `the input "${input.r2}" is ${object.size} bytes; a file of the workspace may have up to ${fileBytesMax}.`,
    );
  }

  /** Hash and size of an input; `bytes` where they are known. An unread upload is hashed as a stream. */
  async describeInput(input: InputFile, bytes: Uint8Array | null): Promise<FileEntry | null> {
    if (bytes === null && "r2" in input) {
      const hashedObject = await hashObject(this.#bucket, this.#inputKey(input));
      return hashedObject === null ? null : { ...hashedObject, source: "input" };
    }
    const content = bytes ?? (await this.readInput(input));
    if (content === null) return null;
    return { sha256: await sha256Hex(content), bytes: content.byteLength, source: "input" };
  }

  #inputKey({ r2 }: { r2: string }): string {
    return objectKeys.input(this.#tenant, r2);
  }
}
