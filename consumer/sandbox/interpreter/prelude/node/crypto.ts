import { op } from "../../protocol.ts";
import { DOMException } from "../web/abort.ts";
import { askBytes, bufferOf, define } from "../bridge.ts";
import { Buffer } from "./buffer.ts";
import { bytesOf } from "../web/text.ts";

const random = (count: number): Uint8Array => askBytes(op.random, [count]);

function getRandomValues<T extends ArrayBufferView>(into: T): T {
  const bytes = bytesOf(into);
  if (bytes.length > 65_536) {
    throw new DOMException("The requested length exceeds 65,536 bytes.", "QuotaExceededError");
  }
  bytes.set(random(bytes.length));
  return into;
}

function randomUUID(): string {
  const bytes = random(16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

const digests = ["SHA-1", "SHA-256", "SHA-384", "SHA-512"];

const subtle = {
  async digest(algorithm: unknown, data: unknown): Promise<ArrayBuffer> {
    const given = typeof algorithm === "string" ? algorithm : (algorithm as { name: string }).name;
    const name = String(given).toUpperCase();
    if (!digests.includes(name)) throw new DOMException("Unrecognized name.", "NotSupportedError");
    return bufferOf(askBytes(op.digest, [name], bytesOf(data)));
  },
};

/** A digest that is fed in pieces, as node:crypto has it. */
class Hash {
  readonly #name: string;
  readonly #key: string | null;
  readonly #pieces: Uint8Array[] = [];
  constructor(name: string, key: string | null) {
    this.#name = name;
    this.#key = key;
    this.#finish(new Uint8Array(0));
  }
  update(data: unknown, encoding?: string): this {
    this.#pieces.push(
      typeof data === "string" ? Buffer.from(data, encoding) : bytesOf(data).slice(),
    );
    return this;
  }
  digest(encoding?: string): Buffer | string {
    const buffer = this.#finish(Buffer.concat(this.#pieces));
    return encoding === undefined ? buffer : buffer.toString(encoding);
  }
  #finish(bytes: Uint8Array): Buffer {
    const name = this.#name.toLowerCase().replace(/^(sha)-/, "$1");
    const values = this.#key === null ? [name] : [name, this.#key];
    return Buffer.from(bufferOf(askBytes(op.digest, values, bytes)));
  }
}

const keyText = (key: unknown): string =>
  Buffer.from(typeof key === "string" ? key : bytesOf(key)).toString("latin1");

/** The global `crypto`, and the module node:crypto around it. */
export function installCrypto(): object {
  const crypto = { subtle, getRandomValues, randomUUID };
  define(globalThis, { crypto });
  return {
    ...crypto,
    webcrypto: crypto,
    createHash: (name: string) => new Hash(String(name), null),
    createHmac: (name: string, key: unknown) => new Hash(String(name), keyText(key)),
    randomBytes: (count: number) => Buffer.from(bufferOf(random(count))),
    randomInt: (low: number, high?: number) => {
      const [from, to] = high === undefined ? [0, low] : [low, high];
      return from + Math.floor(Math.random() * (to - from));
    },
    timingSafeEqual: (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0,
    getHashes: () => ["md5", "sha1", "sha256", "sha384", "sha512"],
    hash: (name: string, data: unknown, encoding = "hex") =>
      new Hash(name, null).update(data).digest(encoding),
  };
}

/** Math.random from a seed that each run asks for anew: instances start from one memory image. */
export function installRandom(): void {
  let state: Uint32Array | null = null;
  const next = (): number => {
    if (state === null) state = new Uint32Array(bufferOf(random(16)));
    let [a = 1, b = 2, c = 3, d = 4] = state;
    const t = b << 9;
    const x = Math.imul(b, 5);
    const result = Math.imul((x << 7) | (x >>> 25), 9) >>> 0;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = (d << 11) | (d >>> 21);
    state[0] = a;
    state[1] = b;
    state[2] = c;
    state[3] = d;
    return result;
  };
  define(Math, {
    random: () => (next() * 2_097_152 + (next() >>> 11)) / 9_007_199_254_740_992,
  });
}
