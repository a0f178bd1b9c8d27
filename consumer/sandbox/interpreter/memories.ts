import { sandboxLimits } from "../../../shared/limits.ts";

const pageBytes = 65_536;

/**
 * Linear memories for instances. A fresh one costs about 0.8 ms for each megabyte that is
 * first touched, so those that no program has grown are used again: every byte is
 * overwritten with zero before, which costs 0.1 ms for all of them.
 */
export class Memories {
  readonly #pages: number;
  readonly #pagesMax: number;
  readonly #idle: WebAssembly.Memory[] = [];

  constructor(pages: number, memoryBytesMax: number) {
    this.#pages = pages;
    this.#pagesMax = pages + Math.ceil(memoryBytesMax / pageBytes);
  }

  /** A memory of zeros. */
  take(): WebAssembly.Memory {
    const used = this.#idle.pop();
    if (used === undefined) {
      return new WebAssembly.Memory({ initial: this.#pages, maximum: this.#pagesMax });
    }
    new Uint8Array(used.buffer).fill(0);
    return used;
  }

  /** Takes a memory back whose instance will never run again. */
  give(memory: WebAssembly.Memory): void {
    const isGrown = memory.buffer.byteLength !== this.#pages * pageBytes;
    if (!isGrown && this.#idle.length < sandboxLimits.programsAtOnceMax) this.#idle.push(memory);
  }
}
