import { sandboxLimits } from "../../../../shared/limits.ts";
import type { Machine } from "./machine.ts";

const pageBytes = 65_536;

/**
 * Idle instances, and the memories of new ones. A fresh memory costs about 0.8 ms for each megabyte that
 * is first touched and an instance 0.15 ms, so those that no program has grown are used again: every byte
 * is overwritten with zero before, which costs 0.1 ms for all of them.
 */
export class Machines {
  readonly #pages: number;
  readonly #pagesMax: number;
  readonly #idle: Machine[] = [];

  constructor(pages: number, memoryBytesMax: number) {
    this.#pages = pages;
    this.#pagesMax = pages + Math.ceil(memoryBytesMax / pageBytes);
  }

  /** A new memory, of zeros. */
  memory(): WebAssembly.Memory {
    return new WebAssembly.Memory({ initial: this.#pages, maximum: this.#pagesMax });
  }

  /** An idle machine whose memory is zeros. */
  take(): Machine | undefined {
    return this.#idle.pop();
  }

  /** Takes a machine back, with its memory, whose program has ended. */
  give(machine: Machine, memory: WebAssembly.Memory): void {
    const isGrown = memory.buffer.byteLength !== this.#pages * pageBytes;
    if (isGrown || this.#idle.length >= sandboxLimits.programsAtOnceMax) return;
    new Uint8Array(memory.buffer).fill(0);
    this.#idle.push(machine);
  }
}
