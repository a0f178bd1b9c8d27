import crypto from "node:crypto";
import { op } from "../../protocol.ts";
import type { Operation } from "./operation.ts";
import { textOf } from "./text_of.ts";

const keyCharsMax = 1_000_000;
const bytesMax = 1_000_000;

export const unlatin = (text: unknown): Uint8Array =>
  new Uint8Array(Buffer.from(textOf(text, keyCharsMax, "The key"), "latin1"));

const hashName = (name: unknown): string =>
  textOf(name, 50, "The name")
    .toLowerCase()
    .replace(/^(sha)-(\d)/, "$1$2");

function digest([name, key, options]: readonly unknown[], bytes: Uint8Array): Uint8Array {
  const algorithm = hashName(name);
  const length = (options as { outputLength?: unknown } | undefined)?.outputLength;
  const hashOptions =
    typeof length === "number" ? { outputLength: Math.min(length, bytesMax) } : undefined;
  try {
    const hash =
      key === null || key === undefined
        ? crypto.createHash(algorithm, hashOptions)
        : crypto.createHmac(algorithm, unlatin(key));
    return new Uint8Array(hash.update(bytes).digest());
  } catch (error) {
    if (!(error instanceof Error) || error instanceof RangeError) throw error;
    const reason =
      typeof key === "string" ? `Invalid digest: ${name}` : "Digest method not supported";
    throw Object.assign(new Error(reason), {
      code: typeof key === "string" ? "ERR_CRYPTO_INVALID_DIGEST" : "ERR_OSSL_EVP_UNSUPPORTED",
    });
  }
}

const lengthOf = (value: unknown): number => {
  const length = Number(value);
  if (Number.isInteger(length) && length >= 0 && length <= bytesMax) return length;
  throw new RangeError(`The length must be an integer from 0 to ${bytesMax}.`);
};

/** A cipher over all pieces so far; `isLast` ends it. */
function cipher(values: readonly unknown[], bytes: Uint8Array): Uint8Array {
  const [kind, name, key, iv, isLast, outputKind, tag, aad] = values;
  const vector = iv === null ? null : unlatin(iv);
  const algorithm = textOf(name, 50, "The name");
  const isEncrypting = kind === "encrypt";
  const transform = isEncrypting
    ? crypto.createCipheriv(algorithm, unlatin(key), vector)
    : crypto.createDecipheriv(algorithm, unlatin(key), vector);
  const aead = transform as crypto.CipherGCM & crypto.DecipherGCM;
  if (typeof aad === "string") aead.setAAD(Buffer.from(unlatin(aad)));
  if (typeof tag === "string" && !isEncrypting) aead.setAuthTag(Buffer.from(unlatin(tag)));
  const head = transform.update(bytes);
  const tail = isLast === true ? transform.final() : Buffer.alloc(0);
  if (outputKind === "tag") return new Uint8Array(aead.getAuthTag());
  return new Uint8Array(Buffer.concat([head, tail]));
}

type Method = (values: readonly unknown[], bytes: Uint8Array) => Uint8Array | { value: unknown };

const methods: Record<
  string,
  { price(values: readonly unknown[], bytes: Uint8Array): number; perform: Method }
> = {
  pbkdf2: {
    price: ([, , , iterations, length]) =>
      (Number(iterations) || 0) * Math.ceil(lengthOf(length) / 16 + 1) * 60,
    perform: ([, password, salt, iterations, length, name]) =>
      new Uint8Array(
        crypto.pbkdf2Sync(
          unlatin(password),
          unlatin(salt),
          Number(iterations),
          lengthOf(length),
          hashName(name),
        ),
      ),
  },
  scrypt: {
    price: ([, , , , options]) => {
      const { N, r, p } = scryptCosts(options);
      return N * r * p * 60;
    },
    perform: ([, password, salt, length, options]) =>
      new Uint8Array(
        crypto.scryptSync(unlatin(password), unlatin(salt), lengthOf(length), {
          ...scryptCosts(options),
          maxmem: 33_000_000,
        }),
      ),
  },
  hkdf: {
    price: ([, , , , , length]) => lengthOf(length) * 4,
    perform: ([, name, key, salt, info, length]) =>
      new Uint8Array(
        crypto.hkdfSync(
          hashName(name),
          unlatin(key),
          unlatin(salt),
          unlatin(info),
          lengthOf(length),
        ),
      ),
  },
  encrypt: { price: (_values, bytes) => 500 + bytes.length / 4, perform: cipher },
  decrypt: { price: (_values, bytes) => 500 + bytes.length / 4, perform: cipher },
  hashes: { price: () => 0, perform: () => ({ value: crypto.getHashes() }) },
  ciphers: {
    price: () => 0,
    perform: () => ({
      value: [
        "aes-128-cbc",
        "aes-128-ctr",
        "aes-128-gcm",
        "aes-192-cbc",
        "aes-256-cbc",
        "aes-256-ctr",
        "aes-256-gcm",
      ],
    }),
  },
};

function scryptCosts(value: unknown): { N: number; r: number; p: number } {
  const scryptOptions = (value ?? {}) as Record<string, unknown>;
  const number = (names: string[], fallback: number): number =>
    Number(
      names.map((name) => scryptOptions[name]).find((option) => option !== undefined) ?? fallback,
    );
  const costs = {
    N: number(["N", "cost"], 16_384),
    r: number(["r", "blockSize"], 8),
    p: number(["p", "parallelization"], 1),
  };
  if (
    !Object.values(costs).every((cost) => Number.isInteger(cost) && cost > 0) ||
    costs.N * costs.r * 128 > 33_000_000
  )
    throw Object.assign(new RangeError("Invalid scrypt params: memory limit exceeded"), {
      code: "ERR_CRYPTO_INVALID_SCRYPT_PARAMS",
    });
  return costs;
}

const methodOf = (values: readonly unknown[]) => {
  const method = methods[String(values[0])];
  if (method === undefined) throw new TypeError("There is no such operation.");
  return method;
};

export const cryptoOperations: Record<number, Operation> = {
  [op.digest]: {
    price: (_values, bytes) => 100 + bytes.length / 8,
    perform: (values, bytes) => digest(values, bytes),
  },
  [op.random]: {
    price: ([count]) => (Number(count) || 0) / 16,
    perform: ([count]) => {
      const bytes = new Uint8Array(lengthOf(count));
      for (let offset = 0; offset < bytes.length; offset += 65_536)
        crypto.getRandomValues(bytes.subarray(offset, offset + 65_536));
      return bytes;
    },
  },
  [op.crypto]: {
    price: (values, bytes) => methodOf(values).price(values, bytes),
    perform: (values, bytes) => methodOf(values).perform(values, bytes),
  },
};
