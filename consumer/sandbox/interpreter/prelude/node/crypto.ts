import { op } from "../../protocol.ts";
import { ask, askBytes, bufferOf, bytesOf, define } from "../bridge.ts";

const random = (count: number): Uint8Array => askBytes(op.random, [count]);
const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bufferOf(bytes));
type Input = string | ArrayBufferView | ArrayBuffer;
type Callback = (error: unknown, value?: unknown) => void;
const contentOf = (data: Input, encoding?: string): Uint8Array =>
  typeof data === "string" ? Buffer.from(data, encoding as BufferEncoding) : bytesOf(data);
const latin1 = (data: Input): string => Buffer.from(contentOf(data)).toString("latin1");
const encoded = (bytes: Uint8Array, encoding?: string): Buffer | string => {
  const buffer = asBuffer(bytes);
  return encoding === undefined || encoding === "buffer"
    ? buffer
    : buffer.toString(encoding as BufferEncoding);
};

export function getRandomValues<T extends ArrayBufferView>(target: T): T {
  if (
    !ArrayBuffer.isView(target) ||
    /Float|DataView/.test(Object.prototype.toString.call(target))
  ) {
    throw new DOMException(
      "The data argument must be an integer-type TypedArray",
      "TypeMismatchError",
    );
  }
  const bytes = bytesOf(target);
  if (bytes.length > 65_536) {
    throw new DOMException(`The requested length exceeds 65,536 bytes`, "QuotaExceededError");
  }
  bytes.set(random(bytes.length));
  return target;
}

export function randomUUID(): string {
  const bytes = random(16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = asBuffer(bytes).toString("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** A digest that receives its input in pieces. */
class Hash {
  readonly #name: string;
  readonly #key: string | null;
  readonly #options: object;
  #pieces: Uint8Array[];
  #isDone = false;
  constructor(name: string, key: string | null, options: object = {}, pieces: Uint8Array[] = []) {
    this.#name = name;
    this.#key = key;
    this.#options = options;
    this.#pieces = pieces;
    if (pieces.length === 0) this.#finish(new Uint8Array(0));
  }
  update(data: Input, encoding?: string): this {
    if (this.#isDone)
      throw Object.assign(new Error("Digest already called"), {
        code: "ERR_CRYPTO_HASH_FINALIZED",
      });
    if (typeof data !== "string" && !ArrayBuffer.isView(data)) {
      const message = `The "data" argument must be of type string or an instance of Buffer, TypedArray, or DataView. Received ${data === undefined ? "undefined" : data === null ? "null" : `type ${typeof data} (${String(data)})`}`;
      throw Object.assign(new TypeError(message), { code: "ERR_INVALID_ARG_TYPE" });
    }
    this.#pieces.push(contentOf(data, encoding).slice());
    return this;
  }
  copy(): Hash {
    return new Hash(this.#name, this.#key, this.#options, [...this.#pieces, new Uint8Array(0)]);
  }
  digest(encoding?: string): Buffer | string {
    if (this.#isDone)
      throw Object.assign(new Error("Digest already called"), {
        code: "ERR_CRYPTO_HASH_FINALIZED",
      });
    this.#isDone = true;
    return encoded(this.#finish(Buffer.concat(this.#pieces)), encoding);
  }
  #finish(bytes: Uint8Array): Uint8Array {
    return askBytes(op.digest, [this.#name, this.#key, this.#options], bytes);
  }
}

/** A cipher that receives its input in pieces. Before its end, it returns the output of the pieces so far. */
class Cipher {
  readonly #kind: string;
  readonly #values: unknown[];
  readonly #pieces: Uint8Array[] = [];
  #returnedBytes = 0;
  #tag: Uint8Array | null = null;
  #aad: Uint8Array | null = null;
  constructor(kind: string, name: string, key: Input, iv: Input | null) {
    this.#kind = kind;
    this.#values = [name, latin1(key), iv === null ? null : latin1(iv)];
    // An invalid key or name is rejected at once.
    if (kind === "encrypt" || !/-(gcm|ccm|ocb)$/i.test(name)) this.#run(false);
  }
  update(data: Input, from?: string, to?: string): Buffer | string {
    this.#pieces.push(contentOf(data, from).slice());
    return this.#rest(this.#run(false), false, to);
  }
  final(to?: string): Buffer | string {
    return this.#rest(this.#run(true), true, to);
  }
  setAutoPadding(): this {
    return this;
  }
  setAAD(data: Input): this {
    this.#aad = contentOf(data).slice();
    return this;
  }
  setAuthTag(tag: Input): this {
    this.#tag = contentOf(tag).slice();
    return this;
  }
  getAuthTag(): Buffer {
    return asBuffer(this.#send(true, "tag"));
  }
  #rest(output: Uint8Array, isLast: boolean, to?: string): Buffer | string {
    // Base64 is written three bytes at a time; the remainder is written with the next piece.
    const isCut = to?.startsWith("base64") === true && !isLast;
    const end = isCut ? output.length - ((output.length - this.#returnedBytes) % 3) : output.length;
    const newBytes = output.slice(this.#returnedBytes, end);
    this.#returnedBytes = end;
    return encoded(newBytes, to);
  }
  #run(isLast: boolean): Uint8Array {
    return this.#send(isLast, "text");
  }
  #send(isLast: boolean, resultKind: string): Uint8Array {
    const extra = [this.#tag, this.#aad].map((bytes) => (bytes === null ? null : latin1(bytes)));
    return askBytes(
      op.crypto,
      [this.#kind, ...this.#values, isLast, resultKind, ...extra],
      Buffer.concat(this.#pieces),
    );
  }
}

const later = (work: () => unknown, callback: Callback): void => {
  let value: unknown;
  let error: unknown = null;
  try {
    value = work();
  } catch (thrown) {
    error = thrown;
  }
  setImmediate(() => (error === null ? callback(null, value) : callback(error)));
};

const derive = {
  pbkdf2: (password: Input, salt: Input, iterations: number, length: number, digest: string) =>
    asBuffer(
      askBytes(op.crypto, ["pbkdf2", latin1(password), latin1(salt), iterations, length, digest]),
    ),
  scrypt: (password: Input, salt: Input, length: number, options: Record<string, number> = {}) =>
    asBuffer(askBytes(op.crypto, ["scrypt", latin1(password), latin1(salt), length, options])),
  hkdf: (digest: string, key: Input, salt: Input, info: Input, length: number) =>
    bufferOf(
      askBytes(op.crypto, ["hkdf", digest, latin1(key), latin1(salt), latin1(info), length]),
    ),
};

function randomInt(...values: unknown[]): number | undefined {
  const callback = typeof values.at(-1) === "function" ? (values.pop() as Callback) : null;
  const [low, high] = values.length === 1 ? [0, Number(values[0])] : values.map(Number);
  const [from = 0, to = 0] = [low, high];
  const pick = (): number => from + Math.floor(Math.random() * (to - from));
  if (callback === null) return pick();
  later(pick, callback);
  return undefined;
}

function randomFill(
  target: ArrayBufferView,
  offset = 0,
  size = target.byteLength - offset,
): ArrayBufferView {
  bytesOf(target).set(random(size), offset);
  return target;
}

function withCallback(work: (...values: never[]) => unknown) {
  return (...values: unknown[]) => {
    const callback = values.pop() as Callback;
    later(() => work(...(values as never[])), callback);
  };
}

/** The module node:crypto, around the global `crypto`. */
export function makeCrypto(webcrypto: { subtle: unknown }): object {
  const keyOf = (key: unknown): string =>
    latin1((key as { export?: () => Input })?.export?.() ?? (key as Input));
  return {
    webcrypto,
    subtle: webcrypto.subtle,
    getRandomValues,
    randomUUID,
    createHash: (name: string, options?: object) => new Hash(String(name), null, options),
    createHmac: (name: string, key: unknown, options?: object) =>
      new Hash(String(name), keyOf(key), options),
    createCipheriv: (name: string, key: Input, iv: Input | null) =>
      new Cipher("encrypt", name, key, iv),
    createDecipheriv: (name: string, key: Input, iv: Input | null) =>
      new Cipher("decrypt", name, key, iv),
    createSecretKey: (key: Input, encoding?: string) => {
      const bytes = asBuffer(contentOf(key, encoding).slice());
      return { type: "secret", symmetricKeySize: bytes.length, export: () => bytes };
    },
    randomBytes: (count: number, callback?: Callback) => {
      if (callback === undefined) return asBuffer(random(count));
      later(() => asBuffer(random(count)), callback);
    },
    randomInt,
    randomFillSync: randomFill,
    randomFill: withCallback(randomFill as never),
    pbkdf2Sync: derive.pbkdf2,
    pbkdf2: withCallback(derive.pbkdf2 as never),
    scryptSync: derive.scrypt,
    scrypt: withCallback(derive.scrypt as never),
    hkdfSync: derive.hkdf,
    hkdf: withCallback(derive.hkdf as never),
    timingSafeEqual: (a: Uint8Array, b: Uint8Array) => {
      if (a.byteLength === b.byteLength) return Buffer.compare(a, b) === 0;
      const error = new RangeError("Input buffers must have the same byte length");
      throw Object.assign(error, { code: "ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH" });
    },
    getHashes: () => ask(op.crypto, ["hashes"]),
    getCiphers: () => ask(op.crypto, ["ciphers"]),
    hash: (name: string, data: Input, encoding = "hex") =>
      new Hash(name, null).update(data).digest(encoding),
    constants: {},
    ...Object.fromEntries(
      [
        "generateKeyPairSync",
        "generateKeyPair",
        "createSign",
        "createVerify",
        "sign",
        "verify",
        "createPublicKey",
        "createPrivateKey",
        "createECDH",
        "createDiffieHellman",
        "publicEncrypt",
        "privateDecrypt",
      ].map((name) => [
        name,
        () => {
          throw new Error(
            `crypto.${name} is not available in the sandbox; use crypto.subtle, which has RSA, ECDSA, ECDH and Ed25519 keys.`,
          );
        },
      ]),
    ),
  };
}

/** Seeds Math.random once per run, because all instances start from one memory image. */
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
