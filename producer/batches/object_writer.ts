/**
 * Writes an object of unknown length in bounded memory: one put while it is small, a multipart
 * upload with parts of one size once it is not (R2 wants all parts but the last to be equal).
 */

import { retryLimits, storeLimits } from "../../shared/limits.ts";
import { bulkyRetries, withRetries } from "../../shared/platform/retries.ts";
import { withTimeout } from "../../shared/platform/timeout.ts";

export class ObjectWriter {
  readonly #bucket: R2Bucket;
  readonly #key: string;
  readonly #contentType: string;
  #part = new Uint8Array(storeLimits.partBytes);
  #filledBytes = 0;
  #bytes = 0;
  #upload: R2MultipartUpload | null = null;
  readonly #parts: R2UploadedPart[] = [];
  /** Stored in the object, to recognise this write: size and key may equal those of the replaced object. */
  readonly #id = crypto.randomUUID();

  constructor(bucket: R2Bucket, key: string, contentType: string) {
    this.#bucket = bucket;
    this.#key = key;
    this.#contentType = contentType;
  }

  /** The number of bytes written so far. */
  get bytes(): number {
    return this.#bytes;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#bytes += chunk.byteLength;
    let rest = chunk;
    while (rest.byteLength > 0) {
      if (this.#filledBytes === this.#part.byteLength) await this.#flush();
      const piece = rest.subarray(0, this.#part.byteLength - this.#filledBytes);
      this.#part.set(piece, this.#filledBytes);
      this.#filledBytes += piece.byteLength;
      rest = rest.subarray(piece.byteLength);
    }
  }

  /** When this returns, the object is complete; before, it does not exist. */
  async finish(): Promise<void> {
    const httpMetadata = { contentType: this.#contentType };
    if (this.#upload === null) {
      const body = this.#part.subarray(0, this.#filledBytes);
      await withRetries(
        "put object",
        () => this.#bucket.put(this.#key, body, { httpMetadata }),
        bulkyRetries,
      );
      return;
    }
    await this.#flush();
    const upload = this.#upload;
    await withRetries("complete upload", () => this.#complete(upload), bulkyRetries);
  }

  /** Leaves no object. If the upload cannot be aborted now, R2 drops it within days. */
  async abort(): Promise<void> {
    const upload = this.#upload;
    this.#upload = null;
    this.#part = new Uint8Array(0);
    if (upload === null) return;
    await withTimeout("abort upload", retryLimits.briefCallMsMax, upload.abort()).catch(() => {});
  }

  async #flush(): Promise<void> {
    const httpMetadata = { contentType: this.#contentType };
    this.#upload ??= await withRetries("start upload", () =>
      this.#bucket.createMultipartUpload(this.#key, {
        httpMetadata,
        customMetadata: { write: this.#id },
      }),
    );
    const upload = this.#upload;
    const body = this.#part.subarray(0, this.#filledBytes);
    const number = this.#parts.length + 1;
    const part = await withRetries(
      "upload part",
      () => upload.uploadPart(number, body),
      bulkyRetries,
    );
    this.#parts.push(part);
    this.#filledBytes = 0;
  }

  /** A completion whose reply was lost cannot be repeated; the object itself shows that it succeeded. */
  async #complete(upload: R2MultipartUpload): Promise<void> {
    try {
      await upload.complete(this.#parts);
    } catch (error) {
      const object = await this.#bucket.head(this.#key);
      if (object?.customMetadata?.write !== this.#id) throw error;
    }
  }
}
