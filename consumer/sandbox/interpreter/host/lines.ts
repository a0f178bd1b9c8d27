const encoder = new TextEncoder();

/** The console's lines, up to a number of bytes; what comes later is counted and left out. */
export class Lines {
  readonly #bytesMax: number;
  readonly #lines: string[] = [];
  #bytes = 0;
  #omittedBytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  add(line: unknown): void {
    const text = typeof line === "string" ? line : "";
    const bytes = encoder.encode(text).length + 1;
    if (this.#omittedBytes === 0 && this.#bytes + bytes <= this.#bytesMax) {
      this.#bytes += bytes;
      this.#lines.push(text);
      return;
    }
    if (this.#omittedBytes === 0) {
      const room = Math.max(0, this.#bytesMax - this.#bytes);
      const head = new TextDecoder().decode(encoder.encode(text).subarray(0, room));
      if (head !== "") this.#lines.push(head.replace(/\uFFFD$/, ""));
      this.#omittedBytes += bytes - room;
      return;
    }
    this.#omittedBytes += bytes;
  }

  text(): string {
    const note =
      this.#omittedBytes > 0 ? [`… ${this.#omittedBytes} more bytes of output were cut off`] : [];
    return [...this.#lines, ...note].join("\n");
  }
}
