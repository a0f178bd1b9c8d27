/** Collects pieces of any size in one buffer: a list of pieces of one byte would need a hundred times their size. */
export class ByteCollector {
  #buffer: Uint8Array<ArrayBuffer>;
  #size = 0;

  /** `sizeHint` may be wrong; it saves growing. */
  constructor(sizeHint = 0) {
    this.#buffer = new Uint8Array(sizeHint);
  }

  get size(): number {
    return this.#size;
  }

  add(part: Uint8Array): void {
    const needed = this.#size + part.byteLength;
    if (needed > this.#buffer.byteLength) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.#buffer.byteLength));
      grown.set(this.#buffer.subarray(0, this.#size));
      this.#buffer = grown;
    }
    this.#buffer.set(part, this.#size);
    this.#size = needed;
  }

  /** What was collected, without a copy; the collector is empty afterwards. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = this.#buffer.subarray(0, this.#size);
    this.#buffer = new Uint8Array(0);
    this.#size = 0;
    return bytes;
  }
}
