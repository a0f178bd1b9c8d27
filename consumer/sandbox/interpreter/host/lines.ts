const encoder = new TextEncoder();

/** The console's lines, up to a number of bytes; what comes later is counted and left out. */
export class Lines {
  readonly #bytesMax: number;
  readonly #kept: string[] = [];
  #bytes = 0;
  #left = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  add(line: unknown): void {
    const text = typeof line === "string" ? line : "";
    const bytes = encoder.encode(text).length + 1;
    if (this.#left === 0 && this.#bytes + bytes <= this.#bytesMax) {
      this.#bytes += bytes;
      this.#kept.push(text);
      return;
    }
    if (this.#left === 0) {
      const room = Math.max(0, this.#bytesMax - this.#bytes);
      const head = new TextDecoder().decode(encoder.encode(text).subarray(0, room));
      if (head !== "") this.#kept.push(head.replace(/\uFFFD$/, ""));
      this.#left += bytes - room;
      return;
    }
    this.#left += bytes;
  }

  text(): string {
    const note = this.#left > 0 ? [`… ${this.#left} more bytes of output were cut off`] : [];
    return [...this.#kept, ...note].join("\n");
  }
}
