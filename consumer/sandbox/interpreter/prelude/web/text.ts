import { op } from "../../protocol.ts";
import { DOMException } from "./abort.ts";
import { ask, askBytes, define } from "../bridge.ts";

/** The bytes of a buffer or a view of one. */
export function bytesOf(source: unknown): Uint8Array {
  if (source === undefined) return new Uint8Array(0);
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (ArrayBuffer.isView(source)) {
    return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  }
  throw new TypeError("The argument must be an ArrayBuffer or a view of one.");
}

export const encodeText = (text: string): Uint8Array => askBytes(op.text, ["encode", text]);
export const decodeText = (bytes: Uint8Array): string =>
  ask(op.text, ["decode", "utf-8", false, true], bytes) as string;

class TextEncoder {
  get encoding(): string {
    return "utf-8";
  }
  encode(text = ""): Uint8Array {
    return encodeText(String(text));
  }
  encodeInto(text: string, into: Uint8Array): { read: number; written: number } {
    let read = 0;
    let written = 0;
    for (const character of text) {
      const bytes = encodeText(character);
      if (written + bytes.length > into.length) break;
      into.set(bytes, written);
      written += bytes.length;
      read += character.length;
    }
    return { read, written };
  }
}

class TextDecoder {
  readonly encoding: string;
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  #held = new Uint8Array(0);

  constructor(label = "utf-8", options: { fatal?: boolean; ignoreBOM?: boolean } = {}) {
    this.encoding = String(label).toLowerCase() === "utf8" ? "utf-8" : String(label).toLowerCase();
    this.fatal = options.fatal === true;
    this.ignoreBOM = options.ignoreBOM === true;
    ask(op.text, ["decode", this.encoding]);
  }

  decode(source?: unknown, options: { stream?: boolean } = {}): string {
    let bytes = bytesOf(source);
    if (this.#held.length > 0) {
      const joined = new Uint8Array(this.#held.length + bytes.length);
      joined.set(this.#held);
      joined.set(bytes, this.#held.length);
      bytes = joined;
    }
    const complete = options.stream === true ? completeLength(bytes) : bytes.length;
    this.#held = bytes.slice(complete);
    const head = bytes.subarray(0, complete);
    return ask(op.text, ["decode", this.encoding, this.fatal, this.ignoreBOM], head) as string;
  }
}

/** How many bytes stand before a UTF-8 sequence that the end cuts off. */
function completeLength(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return size > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

function btoa(text: unknown): string {
  const source = String(text);
  if ([...source].some((character) => character > "\u00ff")) {
    throw new DOMException("Invalid character", "InvalidCharacterError");
  }
  return ask(op.text, ["to_base64"], askBytes(op.text, ["latin1", source])) as string;
}

function atob(text: unknown): string {
  const source = String(text).replace(/[\t\n\f\r ]/g, "");
  const bare = source.length % 4 === 0 ? source.replace(/={1,2}$/, "") : source;
  if (/[^A-Za-z0-9+/]/.test(bare) || bare.length % 4 === 1) {
    throw new DOMException(
      "The string to be decoded is not correctly encoded.",
      "InvalidCharacterError",
    );
  }
  return ask(op.text, ["unlatin1"], askBytes(op.text, ["from_base64", bare])) as string;
}

export function installText(): void {
  define(globalThis, { TextEncoder, TextDecoder, atob, btoa });
}

export { TextDecoder, TextEncoder };
