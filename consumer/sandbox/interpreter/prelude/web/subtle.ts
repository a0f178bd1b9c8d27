import { subtleMethods } from "../../protocol.ts";
import { bytesOf } from "../bridge.ts";
import { callHost } from "../pending.ts";

/**
 * WebCrypto by the host. A key stays inside the program as what it was made from, in JSON Web Key or raw
 * form, and goes along with each call: the host keeps nothing of a program.
 */
class CryptoKey {
  readonly type: string;
  readonly extractable: boolean;
  readonly algorithm: object;
  readonly usages: string[];
  readonly #jwk: object;
  constructor(token: unknown, fields: KeyFields) {
    if (token !== making) throw new TypeError("Illegal constructor");
    this.type = fields.type;
    this.extractable = fields.extractable;
    this.algorithm = revive(fields.algorithm) as object;
    this.usages = fields.usages;
    this.#jwk = fields.jwk;
  }
  get [Symbol.toStringTag](): string {
    return "CryptoKey";
  }
  static jwkOf(key: unknown): object {
    if (!(key instanceof CryptoKey)) throw new TypeError("The key must be a CryptoKey.");
    return {
      jwk: key.#jwk,
      algorithm: pack(key.algorithm),
      usages: key.usages,
      type: key.type,
      extractable: key.extractable,
    };
  }
}

interface KeyFields {
  type: string;
  extractable: boolean;
  algorithm: object;
  usages: string[];
  jwk: object;
}

const making = Symbol("making");

/** Bytes are sent as base64 in an object that marks them. */
function pack(value: unknown): unknown {
  if (value instanceof CryptoKey) return { __key: CryptoKey.jwkOf(value) };
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
    return { __bytes: Buffer.from(bytesOf(value)).toString("base64") };
  }
  if (Array.isArray(value)) return value.map(pack);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, pack(entry)]));
}

function revive(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revive);
  if (typeof value !== "object" || value === null) return value;
  if ("__bytes" in value) return new Uint8Array(Buffer.from(String(value.__bytes), "base64"));
  if ("__key" in value) return new CryptoKey(making, value.__key as KeyFields);
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, revive(entry)]));
}

async function call(method: string, values: unknown[]): Promise<unknown> {
  const { value, body } = await callHost(["subtle", method, JSON.stringify(values.map(pack))]);
  const answer = JSON.parse(String(value)) as {
    error?: { name: string; message: string };
    bytes?: true;
    value?: unknown;
  };
  if (answer.error) {
    const { name, message } = answer.error;
    throw name === "TypeError" ? new TypeError(message) : new DOMException(message, name);
  }
  return answer.bytes ? (body ?? new ArrayBuffer(0)) : revive(answer.value);
}

class SubtleCrypto {
  get [Symbol.toStringTag](): string {
    return "SubtleCrypto";
  }
}
for (const method of subtleMethods) {
  const namedMethods = {
    async [method](...values: unknown[]) {
      return call(method, values);
    },
  };
  Object.defineProperty(SubtleCrypto.prototype, method, {
    value: namedMethods[method],
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

class Crypto {
  readonly subtle = new SubtleCrypto();
}

export function makeWebCrypto(methods: object): { subtle: unknown } {
  const crypto = new Crypto();
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(crypto, name, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  return crypto;
}

export { CryptoKey, SubtleCrypto };
