import { bufferOf, bytesOf, decodeText, encodeText } from "../bridge.ts";
import { Blob, FormData, formBytes } from "./blob.ts";

/** The bytes of what a program gives as a body, and the content type that this implies. */
export function readBody(body: unknown): { bytes: Uint8Array | null; type: string | null } {
  if (body === undefined || body === null) return { bytes: null, type: null };
  // By its tag: on a native isolate it is the platform's own class.
  if (Object.prototype.toString.call(body) === "[object URLSearchParams]") {
    return {
      bytes: encodeText(String(body)),
      type: "application/x-www-form-urlencoded;charset=UTF-8",
    };
  }
  if (body instanceof Blob) return { bytes: body.content, type: body.type || null };
  if (body instanceof FormData) return formBytes(body);
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) {
    return { bytes: bytesOf(body).slice(), type: null };
  }
  return { bytes: encodeText(String(body)), type: "text/plain;charset=UTF-8" };
}

/** What Request and Response share: a body that can be read once. */
export class Body {
  #bytes: Uint8Array | null;
  #used = false;
  readonly #type: () => string;

  constructor(bytes: Uint8Array | null, type: () => string) {
    this.#bytes = bytes;
    this.#type = type;
  }

  get bodyUsed(): boolean {
    return this.#used;
  }

  /** A stream of one chunk, for programs that read chunks. */
  get body(): object | null {
    if (this.#bytes === null) return null;
    let done = false;
    const read = async (): Promise<{ done: boolean; value: Uint8Array | undefined }> => {
      if (done) return { done: true, value: undefined };
      done = true;
      return { done: false, value: this.#take() };
    };
    return {
      locked: false,
      getReader: () => ({ read, cancel: async () => {}, releaseLock: () => {} }),
      cancel: async () => {},
      async *[Symbol.asyncIterator]() {
        const { value } = await read();
        if (value && value.length > 0) yield value;
      },
    };
  }

  #take(): Uint8Array {
    if (this.#used) throw new TypeError("Body is unusable: Body has already been read");
    this.#used = this.#bytes !== null;
    return this.#bytes ?? new Uint8Array(0);
  }

  /** @internal The bytes without reading them. */
  peek(): Uint8Array | null {
    if (this.#used) throw new TypeError("Body is unusable: Body has already been read");
    return this.#bytes;
  }

  async text(): Promise<string> {
    return decodeText(this.#take()).replace(/^\uFEFF/, "");
  }
  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }
  async bytes(): Promise<Uint8Array> {
    return this.#take().slice();
  }
  async arrayBuffer(): Promise<ArrayBuffer> {
    return bufferOf(this.#take().slice());
  }
  async blob(): Promise<Blob> {
    return new Blob([this.#take()], { type: this.#type() });
  }
  async formData(): Promise<FormData> {
    if (!this.#type().includes("x-www-form-urlencoded")) {
      throw new TypeError("Only URL-encoded forms can be read.");
    }
    const form = new FormData();
    for (const [name, value] of new URLSearchParams(await this.text())) form.append(name, value);
    return form;
  }
}
