import { bufferOf, bytesOf, decodeText, encodeText } from "../bridge.ts";
import { custom, inspect } from "../console/format.ts";

/** Concatenates the pieces. */
export function joinBytes(pieces: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
}

interface BlobOptions {
  type?: string;
  endings?: string;
}

export class Blob {
  readonly #bytes: Uint8Array;
  readonly #type: string;

  constructor(pieces: Iterable<unknown> = [], options: BlobOptions = {}) {
    if (typeof pieces !== "object" || pieces === null || !(Symbol.iterator in pieces)) {
      throw Object.assign(new TypeError('The "sources" argument must be a sequence.'), {
        code: "ERR_INVALID_ARG_TYPE",
      });
    }
    this.#bytes = joinBytes(
      [...pieces].map((piece) => {
        if (piece instanceof Blob) return piece.content;
        const isBinary = piece instanceof ArrayBuffer || ArrayBuffer.isView(piece);
        return isBinary ? bytesOf(piece) : encodeText(String(piece).toWellFormed());
      }),
    );
    const type = String(options?.type ?? "");
    this.#type = /[^\x20-\x7e]/.test(type) ? "" : type.toLowerCase();
  }

  /** @internal */
  get content(): Uint8Array {
    return this.#bytes;
  }
  get size(): number {
    return this.#bytes.length;
  }
  get type(): string {
    return this.#type;
  }
  async text(): Promise<string> {
    return decodeText(this.#bytes);
  }
  async arrayBuffer(): Promise<ArrayBuffer> {
    return bufferOf(this.#bytes.slice());
  }
  async bytes(): Promise<Uint8Array> {
    return this.#bytes.slice();
  }
  stream(): ReadableStream {
    const bytes = this.#bytes;
    return new ReadableStream({
      type: "bytes",
      start(controller) {
        if (bytes.length > 0) controller.enqueue(bytes.slice());
        controller.close();
      },
    });
  }
  slice(start?: number, end?: number, type?: string): Blob {
    return new Blob([this.#bytes.slice(start, end)], { type: type ?? "" });
  }
  get [Symbol.toStringTag](): string {
    return "Blob";
  }
  [custom](depth: number): string {
    return depth < 0 ? "[Blob]" : `Blob ${inspect({ size: this.size, type: this.type })}`;
  }
}

export class File extends Blob {
  readonly #name: string;
  readonly #lastModified: number;
  constructor(
    pieces: Iterable<unknown>,
    name: string,
    options: BlobOptions & { lastModified?: number } = {},
  ) {
    super(pieces, options);
    this.#name = String(name);
    this.#lastModified = Number(options.lastModified ?? Date.now());
  }
  get name(): string {
    return this.#name;
  }
  get lastModified(): number {
    return this.#lastModified;
  }
  override get [Symbol.toStringTag](): string {
    return "File";
  }
  override [custom](depth: number): string {
    const { size, type, name, lastModified } = this;
    return depth < 0 ? "[File]" : `File ${inspect({ size, type, name, lastModified })}`;
  }
}
// The bundler renames a class that names itself.
for (const [name, value] of Object.entries({ Blob, File }))
  Object.defineProperty(value, "name", { value: name });

export class FormData {
  readonly #entries: [string, string | File][] = [];

  append(name: string, value: unknown, fileName?: string): void {
    this.#entries.push([String(name), entryOf(value, fileName)]);
  }
  set(name: string, value: unknown, fileName?: string): void {
    this.delete(name);
    this.append(name, value, fileName);
  }
  delete(name: string): void {
    for (let index = this.#entries.length - 1; index >= 0; index -= 1) {
      if (this.#entries[index]?.[0] === name) this.#entries.splice(index, 1);
    }
  }
  get(name: string): string | File | null {
    return this.#entries.find(([key]) => key === name)?.[1] ?? null;
  }
  getAll(name: string): (string | File)[] {
    return this.#entries.filter(([key]) => key === name).map(([, value]) => value);
  }
  has(name: string): boolean {
    return this.#entries.some(([key]) => key === name);
  }
  entries(): IterableIterator<[string, string | File]> {
    return this.#entries.values();
  }
  *keys(): Generator<string> {
    for (const [name] of this.#entries) yield name;
  }
  *values(): Generator<string | File> {
    for (const [, value] of this.#entries) yield value;
  }
  forEach(visit: (value: string | File, name: string, form: FormData) => void): void {
    for (const [name, value] of this.#entries) visit(value, name, this);
  }
  [Symbol.iterator](): IterableIterator<[string, string | File]> {
    return this.entries();
  }
  get [Symbol.toStringTag](): string {
    return "FormData";
  }
}

function entryOf(value: unknown, fileName?: string): string | File {
  if (!(value instanceof Blob)) return String(value);
  if (value instanceof File && fileName === undefined) return value;
  return new File([value], fileName ?? "blob", { type: value.type });
}

/** A form as multipart/form-data. */
export function formBytes(form: FormData): { bytes: Uint8Array; type: string } {
  const boundary = `----form${Math.random().toString(36).slice(2)}`;
  const escaped = (name: string): string =>
    name.replace(/[\r\n"]/g, (mark) => encodeURIComponent(mark));
  const pieces: Uint8Array[] = [];
  for (const [name, value] of form) {
    const disposition = `--${boundary}\r\nContent-Disposition: form-data; name="${escaped(name)}"`;
    if (typeof value === "string") pieces.push(encodeText(`${disposition}\r\n\r\n${value}\r\n`));
    else {
      const type = value.type || "application/octet-stream";
      const file = `${disposition}; filename="${escaped(value.name)}"\r\nContent-Type: ${type}\r\n\r\n`;
      pieces.push(encodeText(file), value.content, encodeText("\r\n"));
    }
  }
  pieces.push(encodeText(`--${boundary}--\r\n`));
  return { bytes: joinBytes(pieces), type: `multipart/form-data; boundary=${boundary}` };
}
