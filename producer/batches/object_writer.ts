/**
 * Writes an object of unknown length in bounded memory: one put while it is small, a multipart
 * upload with parts of one size once it is not (R2 wants all parts but the last to be equal).
 */
import { inTime } from "../../shared/in_time.ts";
import { retryLimits, storeLimits } from "../../shared/limits.ts";
import { bulky, retrying } from "../../shared/retrying.ts";

export class ObjectWriter {
  readonly #bucket: R2Bucket;
  readonly #key: string;
  readonly #contentType: string;
  #part = new Uint8Array(storeLimits.partBytes);
  #filled = 0;
  #bytes = 0;
  #upload: R2MultipartUpload | null = null;
  readonly #parts: R2UploadedPart[] = [];
  /** Names this write in the object itself: size and key may be those of what it replaces. */
  readonly #id = crypto.randomUUID();

  constructor(bucket: R2Bucket, key: string, contentType: string) {
    this.#bucket = bucket;
    this.#key = key;
    this.#contentType = contentType;
  }

  /** Bytes taken so far. */
  get bytes(): number {
    return this.#bytes;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#bytes += chunk.byteLength;
    let rest = chunk;
    while (rest.byteLength > 0) {
      if (this.#filled === this.#part.byteLength) await this.#flush();
      const taken = rest.subarray(0, this.#part.byteLength - this.#filled);
      this.#part.set(taken, this.#filled);
      this.#filled += taken.byteLength;
      rest = rest.subarray(taken.byteLength);
    }
  }

  /** The object is there, whole, when this returns; before, it is not there at all. */
  async finish(): Promise<void> {
    const httpMetadata = { contentType: this.#contentType };
    if (this.#upload === null) {
      const body = this.#part.subarray(0, this.#filled);
      await retrying(
        "put object",
        () => this.#bucket.put(this.#key, body, { httpMetadata }),
        bulky,
      );
      return;
    }
    await this.#flush();
    const upload = this.#upload;
    await retrying("complete upload", () => this.#complete(upload), bulky);
  }

  /** Leaves nothing behind; an upload that cannot be aborted now is dropped by R2 within days. */
  async abort(): Promise<void> {
    const upload = this.#upload;
    this.#upload = null;
    this.#part = new Uint8Array(0);
    if (upload === null) return;
    await inTime("abort upload", retryLimits.briefCallMsMax, upload.abort()).catch(() => {});
  }

  async #flush(): Promise<void> {
    const httpMetadata = { contentType: this.#contentType };
    this.#upload ??= await retrying("begin upload", () =>
      this.#bucket.createMultipartUpload(this.#key, {
        httpMetadata,
        customMetadata: { write: this.#id },
      }),
    );
    const upload = this.#upload;
    const body = this.#part.subarray(0, this.#filled);
    const number = this.#parts.length + 1;
    const part = await retrying("upload part", () => upload.uploadPart(number, body), bulky);
    this.#parts.push(part);
    this.#filled = 0;
  }

  /** A completion whose answer was lost cannot be repeated; the object itself shows that it happened. */
  async #complete(upload: R2MultipartUpload): Promise<void> {
    try {
      await upload.complete(this.#parts);
    } catch (error) {
      const object = await this.#bucket.head(this.#key);
      if (object?.customMetadata?.write !== this.#id) throw error;
    }
  }
}
