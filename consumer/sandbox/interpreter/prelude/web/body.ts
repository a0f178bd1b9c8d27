import { bufferOf, bytesOf, decodeText, encodeText } from "../bridge.ts";
import { Blob, FormData, formBytes, joinBytes } from "./blob.ts";
import { parseForm } from "./multipart.ts";

/** A body that a program passes: its bytes or a stream of them, and the content type that follows from it. */
export interface BodySource {
  bytes: Uint8Array | null;
  stream: ReadableStream | null;
  type: string | null;
}

const isStream = (value: unknown): value is ReadableStream =>
  Object.prototype.toString.call(value) === "[object ReadableStream]";

/** Whether a stream was read or cancelled. The platform's own class does not say so. */
const isDisturbed = (stream: ReadableStream): boolean =>
  Reflect.get(stream, Symbol.for("nodejs.stream.disturbed")) === true;

const fromIterable = (source: AsyncIterable<unknown>): ReadableStream =>
  (ReadableStream as unknown as { from(source: unknown): ReadableStream }).from(source);

export function readBody(body: unknown): BodySource {
  const source = (bytes: Uint8Array | null, type: string | null): BodySource => ({
    bytes,
    stream: null,
    type,
  });
  if (body === undefined || body === null) return source(null, null);
  if (isStream(body)) {
    if (body.locked || isDisturbed(body))
      throw new TypeError("Response body object should not be disturbed or locked");
    return { bytes: null, stream: body, type: null };
  }
  if (typeof body === "object" && Symbol.asyncIterator in body) {
    return { bytes: null, stream: fromIterable(body as AsyncIterable<unknown>), type: null };
  }
  // Recognised by its tag, because in a native isolate it is the platform's own class.
  if (Object.prototype.toString.call(body) === "[object URLSearchParams]") {
    return source(encodeText(String(body)), "application/x-www-form-urlencoded;charset=UTF-8");
  }
  if (body instanceof Blob) return source(body.content, body.type || null);
  if (body instanceof FormData) {
    const { bytes, type } = formBytes(body);
    return source(bytes, type);
  }
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body))
    return source(bytesOf(body).slice(), null);
  return source(encodeText(String(body)), "text/plain;charset=UTF-8");
}

/** A stream of one chunk. */
export function streamOf(bytes: Uint8Array): ReadableStream {
  return new ReadableStream({
    type: "bytes",
    start(controller) {
      if (bytes.length > 0) controller.enqueue(bytes.slice());
      controller.close();
    },
  });
}

async function drain(stream: ReadableStream): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const chunk of stream as unknown as AsyncIterable<unknown>) {
    if (!(ArrayBuffer.isView(chunk) || chunk instanceof ArrayBuffer))
      throw new TypeError("Received non-Uint8Array chunk");
    pieces.push(bytesOf(chunk));
  }
  return joinBytes(pieces);
}

/** A stream of clones of another's chunks, so that what reads one cannot change what the other reads. */
function cloned(stream: ReadableStream): ReadableStream {
  const reader = stream.getReader();
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(structuredClone(value));
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

/** What Request and Response share: a body that can be read once. */
export class Body {
  #bytes: Uint8Array | null;
  #stream: ReadableStream | null;
  #isUsed = false;
  readonly #type: () => string;

  constructor({ bytes, stream }: BodySource, type: () => string) {
    this.#bytes = bytes;
    this.#stream = stream;
    this.#type = type;
  }

  get bodyUsed(): boolean {
    return this.#isUsed || (this.#stream !== null && isDisturbed(this.#stream));
  }

  get body(): ReadableStream | null {
    if (this.#stream === null && this.#bytes !== null) {
      this.#stream = streamOf(this.#bytes);
      // What was read otherwise cannot be read again.
      if (this.#isUsed) this.#stream.getReader();
    }
    return this.#stream;
  }

  async #take(): Promise<Uint8Array> {
    this.#check();
    if (this.#bytes === null && this.#stream === null) return new Uint8Array(0);
    this.#isUsed = true;
    if (this.#bytes !== null) {
      this.#stream?.getReader();
      return this.#bytes;
    }
    return drain(this.#stream as ReadableStream);
  }

  #check(): void {
    if (this.bodyUsed || this.#stream?.locked)
      throw new TypeError("Body is unusable: Body has already been read");
  }

  /** @internal The source of a copy. If it is a stream, the stream is split, and both copies read their half. */
  source(): BodySource {
    this.#check();
    if (this.#bytes !== null || this.#stream === null)
      return { bytes: this.#bytes, stream: null, type: null };
    const [own, copy] = this.#stream.tee();
    this.#stream = own;
    return { bytes: null, stream: cloned(copy), type: null };
  }

  /** @internal The bytes to be sent. */
  async content(): Promise<Uint8Array | null> {
    return this.#bytes === null && this.#stream === null ? null : this.#take();
  }

  async text(): Promise<string> {
    return decodeText(await this.#take()).replace(/^\uFEFF/, "");
  }
  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }
  async bytes(): Promise<Uint8Array> {
    return (await this.#take()).slice();
  }
  async arrayBuffer(): Promise<ArrayBuffer> {
    return bufferOf((await this.#take()).slice());
  }
  async blob(): Promise<Blob> {
    return new Blob([await this.#take()], { type: this.#type() });
  }
  async formData(): Promise<FormData> {
    const type = this.#type();
    return parseForm(await this.#take(), type);
  }
}
