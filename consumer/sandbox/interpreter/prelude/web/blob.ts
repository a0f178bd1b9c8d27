import { bufferOf, bytesOf, decodeText, encodeText } from "../bridge.ts";
import { custom, inspect } from "../console/format.ts";
import { namedIterator, optionsOf, requireArguments } from "./web_types.ts";

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

/** The options, read in the order of their names. */
function readOptions(options: unknown): { endings: string; type: string } {
  const given = optionsOf<BlobOptions>(options, "Blob");
  const { endings = "transparent" } = given;
  const ending = String(endings);
  if (ending !== "transparent" && ending !== "native")
    throw new TypeError(`Blob: the value "${ending}" of endings is not valid.`);
  const { type = "" } = given;
  return { endings: ending, type: String(type) };
}

export class Blob {
  readonly #bytes: Uint8Array;
  readonly #type: string;

  constructor(pieces: Iterable<unknown> = [], options?: BlobOptions) {
    const isObject = typeof pieces === "object" && pieces !== null;
    const iterate: unknown = isObject ? Reflect.get(pieces, Symbol.iterator) : undefined;
    if (typeof iterate !== "function") {
      throw Object.assign(new TypeError('The "sources" argument must be a sequence.'), {
        code: "ERR_INVALID_ARG_TYPE",
      });
    }
    const parts: (Uint8Array | string)[] = [];
    for (const piece of { [Symbol.iterator]: () => iterate.call(pieces) as Iterator<unknown> }) {
      if (piece instanceof Blob) parts.push(piece.content);
      else if (piece instanceof ArrayBuffer || ArrayBuffer.isView(piece))
        parts.push(bytesOf(piece));
      else parts.push(String(piece).toWellFormed());
    }
    const { endings, type } = readOptions(options);
    const lines = (text: string): string =>
      endings === "native" ? text.replace(/\r\n?/g, "\n") : text;
    this.#bytes = joinBytes(
      parts.map((part) => (typeof part === "string" ? encodeText(lines(part)) : part)),
    );
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
    return new Blob([this.#bytes.slice(start, end)], {
      type: type === undefined ? "" : String(type),
    });
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
    ...given: [
      pieces: Iterable<unknown>,
      name: string,
      options?: BlobOptions & { lastModified?: number },
    ]
  ) {
    requireArguments(given.length, 2, "File");
    const [pieces, name, options] = given;
    super(pieces, options);
    this.#name = String(name).toWellFormed();
    const { lastModified = Date.now() } = options ?? {};
    this.#lastModified = Math.trunc(Number(lastModified)) || 0;
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

  constructor(form?: undefined) {
    if (form !== undefined)
      throw new TypeError("FormData: there are no HTML forms here. Append each entry.");
  }

  append(...given: [name: string, value: unknown, fileName?: string]): void {
    requireArguments(given.length, 2, "FormData.append");
    const [name, value, fileName] = given;
    this.#entries.push([String(name).toWellFormed(), entryOf(value, fileName)]);
  }
  /** The first entry of the name is replaced where it is. */
  set(...given: [name: string, value: unknown, fileName?: string]): void {
    requireArguments(given.length, 2, "FormData.set");
    const [name, value, fileName] = given;
    const key = String(name).toWellFormed();
    const entry: [string, string | File] = [key, entryOf(value, fileName)];
    const first = this.#entries.findIndex(([other]) => other === key);
    if (first < 0) return void this.#entries.push(entry);
    this.delete(key);
    this.#entries.splice(first, 0, entry);
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
    return namedIterator("FormData", this.#entries.values(), (entry) => entry);
  }
  keys(): IterableIterator<string> {
    return namedIterator("FormData", this.#entries.values(), ([name]) => name);
  }
  values(): IterableIterator<string | File> {
    return namedIterator("FormData", this.#entries.values(), ([, value]) => value);
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
  if (!(value instanceof Blob)) {
    if (fileName === undefined) return String(value).toWellFormed();
    throw new TypeError("FormData: a file name needs a value of type Blob.");
  }
  if (value instanceof File && fileName === undefined) return value;
  const { type } = value;
  const lastModified = value instanceof File ? value.lastModified : Date.now();
  return new File([value], fileName ?? "blob", { type, lastModified });
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
