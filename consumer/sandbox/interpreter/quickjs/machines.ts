import { sandboxLimits } from "../../../../shared/limits.ts";

const pageBytes = 65_536;

/**
 * Idle instances, and the memories of new ones. A fresh memory costs about 0.8 ms for each megabyte that
 * is first touched and an instance 0.15 ms, so those that no program has grown are used again.
 */
export class Machines<Machine> {
  readonly #pages: number;
  readonly #pagesMax: number;
  readonly #idle: Machine[] = [];
  readonly #running = new Set<() => number>();

  constructor(pages: number, memoryBytesMax: number) {
    this.#pages = pages;
    this.#pagesMax = pages + Math.ceil(memoryBytesMax / pageBytes);
  }

  /** Counts a program as running until the returned function is called. `grownBytes` returns the growth of its memory. */
  enter(grownBytes: () => number): () => void {
    this.#running.add(grownBytes);
    return () => this.#running.delete(grownBytes);
  }

  /**
   * Whether one of the running programs may continue and grow to its limit. The others hold what they hold
   * until they continue themselves, so the one that ran last always may, and no two wait for each other.
   */
  hasRoom(ownBytes: () => number): boolean {
    let otherBytes = 0;
    for (const other of this.#running) if (other !== ownBytes) otherBytes += other();
    return otherBytes + sandboxLimits.memoryBytesMax <= sandboxLimits.sharedMemoryBytesMax;
  }

  /** A new memory that contains only zeros. */
  memory(): WebAssembly.Memory {
    return new WebAssembly.Memory({ initial: this.#pages, maximum: this.#pagesMax });
  }

  /** Bytes of a memory that no program has grown. */
  get bootBytes(): number {
    return this.#pages * pageBytes;
  }

  /** An idle machine whose memory is the template's. */
  take(): Machine | undefined {
    return this.#idle.pop();
  }

  /** Whether a machine with this memory is worth keeping after its program has ended. */
  wants(memory: WebAssembly.Memory): boolean {
    const isGrown = memory.buffer.byteLength !== this.#pages * pageBytes;
    return !isGrown && this.#idle.length < sandboxLimits.programsAtOnceMax;
  }

  /** Takes back a machine whose memory is the template's again. */
  give(machine: Machine): void {
    this.#idle.push(machine);
  }
}
