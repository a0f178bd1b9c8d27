import { op } from "../../protocol.ts";
import { ask, askBytes, bufferOf, define } from "../bridge.ts";
import { custom } from "../console/inspect.ts";
import { bytesOf, decodeText, encodeText } from "../web/text.ts";

const hexDigits = "0123456789abcdef";

function encode(text: string, encoding = "utf8"): Uint8Array {
  switch (String(encoding).toLowerCase()) {
    case "hex": {
      const bytes: number[] = [];
      for (let at = 0; at + 1 < text.length; at += 2) {
        const byte = Number.parseInt(text.slice(at, at + 2), 16);
        if (Number.isNaN(byte)) break;
        bytes.push(byte);
      }
      return Uint8Array.from(bytes);
    }
    case "base64":
    case "base64url":
      return askBytes(op.text, ["from_base64", text]);
    case "latin1":
    case "binary":
    case "ascii":
      return askBytes(op.text, ["latin1", text]);
    case "utf16le":
    case "ucs2": {
      const units = Uint16Array.from(text, (unit) => unit.charCodeAt(0));
      return new Uint8Array(units.buffer);
    }
    case "utf8":
    case "utf-8":
      return encodeText(text);
    default:
      throw Object.assign(new TypeError(`Unknown encoding: ${encoding}`), {
        code: "ERR_UNKNOWN_ENCODING",
      });
  }
}

function decode(bytes: Uint8Array, encoding = "utf8"): string {
  switch (String(encoding).toLowerCase()) {
    case "hex": {
      let text = "";
      for (const byte of bytes) text += (hexDigits[byte >> 4] ?? "") + (hexDigits[byte & 15] ?? "");
      return text;
    }
    case "base64":
      return ask(op.text, ["to_base64"], bytes) as string;
    case "base64url": {
      const text = ask(op.text, ["to_base64"], bytes) as string;
      return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
    }
    case "latin1":
    case "binary":
      return ask(op.text, ["unlatin1"], bytes) as string;
    case "ascii":
      return ask(
        op.text,
        ["unlatin1"],
        bytes.map((byte) => byte & 127),
      ) as string;
    case "utf16le":
    case "ucs2":
      return ask(op.text, ["decode", "utf-16le", false, true], bytes) as string;
    case "utf8":
    case "utf-8":
      return decodeText(bytes);
    default:
      throw Object.assign(new TypeError(`Unknown encoding: ${encoding}`), {
        code: "ERR_UNKNOWN_ENCODING",
      });
  }
}

/** Node's Buffer, as far as programs that read and write texts use it. */
export class Buffer extends Uint8Array {
  static override from(source: unknown, second?: unknown, third?: unknown): Buffer {
    if (typeof source === "string") return adopt(encode(source, second as string));
    if (source instanceof ArrayBuffer) return new Buffer(source, second as number, third as number);
    if (ArrayBuffer.isView(source)) return adopt(Uint8Array.from(source as Uint8Array));
    const json = source as { type?: string; data?: number[] } | null;
    if (json?.type === "Buffer" && Array.isArray(json.data))
      return adopt(Uint8Array.from(json.data));
    if (typeof source === "object" && source !== null)
      return adopt(Uint8Array.from(source as ArrayLike<number>));
    const type = source === null ? "null" : `type ${typeof source}`;
    const message = `The first argument must be of type string or an instance of Buffer, ArrayBuffer, or Array or an Array-like Object. Received ${type}`;
    throw Object.assign(new TypeError(message), { code: "ERR_INVALID_ARG_TYPE" });
  }
  static alloc(size: number, fill?: unknown, encoding?: string): Buffer {
    const buffer = new Buffer(size);
    return fill === undefined ? buffer : buffer.fill(fill as never, encoding as never);
  }
  static allocUnsafe(size: number): Buffer {
    return new Buffer(size);
  }
  static isBuffer(value: unknown): boolean {
    return value instanceof Buffer;
  }
  static isEncoding(name: string): boolean {
    return /^(hex|base64|base64url|latin1|binary|ascii|utf-?8|utf16le|ucs2)$/i.test(name);
  }
  static byteLength(source: unknown, encoding?: string): number {
    return typeof source === "string" ? encode(source, encoding).length : bytesOf(source).length;
  }
  static concat(list: readonly Uint8Array[], length?: number): Buffer {
    const total = length ?? list.reduce((sum, one) => sum + one.length, 0);
    const whole = new Buffer(total);
    let at = 0;
    for (const one of list) {
      whole.set(one.subarray(0, Math.max(0, total - at)), at);
      at += one.length;
    }
    return whole;
  }
  static compare(a: Uint8Array, b: Uint8Array): number {
    for (let at = 0; at < Math.min(a.length, b.length); at += 1) {
      const difference = (a[at] ?? 0) - (b[at] ?? 0);
      if (difference !== 0) return Math.sign(difference);
    }
    return Math.sign(a.length - b.length);
  }

  override toString(encoding?: string, start = 0, end = this.length): string {
    return decode(start === 0 && end === this.length ? this : this.subarray(start, end), encoding);
  }
  toJSON(): { type: string; data: number[] } {
    return { type: "Buffer", data: Array.from(this) };
  }
  equals(other: Uint8Array): boolean {
    return Buffer.compare(this, other) === 0;
  }
  compare(other: Uint8Array): number {
    return Buffer.compare(this, other);
  }
  write(text: string, offset: unknown = 0, length?: unknown, encoding?: string): number {
    const at = typeof offset === "number" ? offset : 0;
    const name = [offset, length, encoding].find((one) => typeof one === "string") as
      | string
      | undefined;
    const bytes = encode(text, name).subarray(0, Math.max(0, this.length - at));
    this.set(bytes, at);
    return bytes.length;
  }
  copy(target: Uint8Array, targetStart = 0, start = 0, end = this.length): number {
    const piece = this.subarray(start, Math.min(end, start + target.length - targetStart));
    target.set(piece, targetStart);
    return piece.length;
  }
  override slice(start?: number, end?: number): Buffer {
    return this.subarray(start, end) as Buffer;
  }
  override fill(value: never, start?: never, end?: never): this {
    if (typeof value !== "string") return super.fill(value, start, end);
    const bytes = encode(value, typeof start === "string" ? start : "utf8");
    for (let at = 0; at < this.length; at += 1) this[at] = bytes[at % bytes.length] ?? 0;
    return this;
  }
  override indexOf(value: unknown, from = 0): number {
    if (typeof value === "number") return super.indexOf(value, from);
    const wanted = typeof value === "string" ? encode(value) : bytesOf(value);
    for (let at = from; at + wanted.length <= this.length; at += 1) {
      if (wanted.every((byte, index) => this[at + index] === byte)) return at;
    }
    return -1;
  }
  override includes(value: unknown, from?: number): boolean {
    return this.indexOf(value, from) >= 0;
  }
  [custom](): string {
    const shown = Array.from(this.subarray(0, 50), (byte) => byte.toString(16).padStart(2, "0"));
    const more = this.length - shown.length;
    const rest = more > 0 ? ` ... ${more} more byte${more > 1 ? "s" : ""}` : "";
    return `<Buffer${shown.length > 0 ? ` ${shown.join(" ")}` : ""}${rest}>`;
  }
}

function adopt(bytes: Uint8Array): Buffer {
  return new Buffer(bufferOf(bytes));
}

/** readUInt32LE and its kin, made from DataView's methods. */
function installNumbers(): void {
  const kinds = [
    ["UInt8", "Uint8", 1],
    ["Int8", "Int8", 1],
    ["UInt16", "Uint16", 2],
    ["Int16", "Int16", 2],
    ["UInt32", "Uint32", 4],
    ["Int32", "Int32", 4],
    ["Float", "Float32", 4],
    ["Double", "Float64", 8],
    ["BigInt64", "BigInt64", 8],
    ["BigUInt64", "BigUint64", 8],
  ] as const;
  const view = (buffer: Buffer): DataView =>
    new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  for (const [name, kind, size] of kinds) {
    for (const order of size === 1 ? [""] : ["LE", "BE"]) {
      define(Buffer.prototype, {
        [`read${name}${order}`](this: Buffer, at = 0): unknown {
          return view(this)[`get${kind}`](at, order === "LE");
        },
        [`write${name}${order}`](this: Buffer, value: unknown, at = 0): number {
          view(this)[`set${kind}`](at, value as never, order === "LE");
          return at + size;
        },
      });
    }
  }
}

export function installBuffer(): void {
  installNumbers();
  define(globalThis, { Buffer });
}
