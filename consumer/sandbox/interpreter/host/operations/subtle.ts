import { subtleMethods } from "../../protocol.ts";
import { parseJson } from "../outcome.ts";

/** WebCrypto for a program: each call carries its keys as JSON and is charged before it runs. No key is kept. */

interface Answer {
  text: string;
  bytes: Uint8Array | null;
}

/** The cost in fuel of an operation with a key of this kind. Private operations of RSA take milliseconds. */
const operationFuel: Record<string, number> = {
  RSA: 400_000,
  EC: 100_000,
  X25: 100_000,
  Ed2: 100_000,
};
const generateFuel: Record<string, number> = {
  RSA: 60_000_000,
  EC: 100_000,
  X25: 100_000,
  Ed2: 100_000,
};
const modulusMax = 4_096;
const bytesPerFuel = 4;

type Fields = Record<string, unknown>;
const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null;
const nameOf = (algorithm: unknown): string =>
  String(isFields(algorithm) ? algorithm.name : algorithm);
const kindOf = (algorithm: unknown): string =>
  nameOf(algorithm).toUpperCase().replace(/^ED2/, "Ed2").slice(0, 3).replace(/^EC.$/, "EC");

function priceOf(method: string, values: unknown[], sizes: number): number {
  const key = values.find((value) => isFields(value) && "__key" in value) as
    | { __key: Fields }
    | undefined;
  const algorithm = values.find((value) => isFields(value) && "name" in value) ?? values[0];
  const kind = kindOf(key === undefined ? algorithm : key.__key.algorithm);
  let units = 2_000 + sizes / bytesPerFuel;
  units += (method === "generateKey" ? generateFuel : operationFuel)[kind] ?? 0;
  if (isFields(algorithm) && /^PBKDF2$/i.test(nameOf(algorithm))) {
    const bits = Number(values.find((value) => typeof value === "number") ?? 512);
    units += (Number(algorithm.iterations) || 0) * Math.ceil(bits / 128 + 1) * 60;
  }
  if (method === "generateKey" && isFields(algorithm)) checkGeneration(algorithm, values[2]);
  return units;
}

const rsaUsages: Record<string, string[]> = {
  "RSASSA-PKCS1-V1_5": ["sign", "verify"],
  "RSA-PSS": ["sign", "verify"],
  "RSA-OAEP": ["encrypt", "decrypt", "wrapKey", "unwrapKey"],
};
const privateUsage = /^(sign|decrypt|unwrapKey)$/;

/** Refuses what cannot succeed, so that only a key that is made is paid for. */
function checkGeneration(
  { name, hash, modulusLength, publicExponent }: Fields,
  usages: unknown,
): void {
  if (/^(RSA|HMAC$)/i.test(String(name)) && !/^SHA-(1|256|384|512)$/i.test(nameOf(hash)))
    throw new DOMException("Unrecognized hash.", "NotSupportedError");
  if (!/^RSA/i.test(String(name))) return;
  const allowed = rsaUsages[String(name).toUpperCase()];
  if (allowed === undefined) throw new DOMException("Unrecognized algorithm.", "NotSupportedError");
  const wanted = Array.isArray(usages) ? usages.map(String) : [];
  if (wanted.some((usage) => !allowed.includes(usage)))
    throw new DOMException("The key cannot be used like that.", "SyntaxError");
  if (!(Number(modulusLength) >= 512 && Number(modulusLength) <= modulusMax))
    throw new DOMException(`The modulus may have ${modulusMax} bits at most.`, "OperationError");
  const exponent = publicExponent instanceof Uint8Array ? [...publicExponent].join() : "";
  if (!/^(0,)*(3|1,0,1)$/.test(exponent))
    throw new DOMException("The public exponent must be 3 or 65537.", "OperationError");
  if (!wanted.some((usage) => privateUsage.test(usage)))
    throw new DOMException("Usages cannot be empty when creating a key.", "SyntaxError");
}

async function revive(value: unknown): Promise<unknown> {
  if (Array.isArray(value)) return Promise.all(value.map(revive));
  if (!isFields(value)) return value;
  if ("__bytes" in value) return new Uint8Array(Buffer.from(String(value.__bytes), "base64"));
  if ("__key" in value && isFields(value.__key)) return importOwn(value.__key);
  const entries = await Promise.all(
    Object.entries(value).map(async ([key, entry]) => [key, await revive(entry)] as const),
  );
  return Object.fromEntries(entries);
}

/** Imports a key again from the fields that the program keeps. */
async function importOwn({ jwk, algorithm, usages, extractable }: Fields): Promise<CryptoKey> {
  const parameters = (await revive(algorithm)) as { name: string };
  const requestedUsages = usages as KeyUsage[];
  if (isFields(jwk) && typeof jwk.raw === "string") {
    return crypto.subtle.importKey(
      "raw",
      Buffer.from(jwk.raw, "base64"),
      parameters,
      extractable === true,
      requestedUsages,
    );
  }
  if (JSON.stringify(jwk).length > 20_000)
    throw new DOMException("The key is too long.", "DataError");
  return crypto.subtle.importKey(
    "jwk",
    jwk as JsonWebKey,
    parameters,
    extractable === true,
    requestedUsages,
  );
}
type KeyUsage =
  | "encrypt"
  | "decrypt"
  | "sign"
  | "verify"
  | "deriveKey"
  | "deriveBits"
  | "wrapKey"
  | "unwrapKey";

/** The fields of a key that the program keeps, from which the key can be imported again. */
async function keyFields(key: CryptoKey, source?: Fields): Promise<Fields> {
  return {
    type: key.type,
    extractable: key.extractable,
    algorithm: pack(key.algorithm),
    usages: key.usages,
    jwk: source ?? (await exportKey(key)),
  };
}

async function exportKey(key: CryptoKey): Promise<Fields> {
  if (/^(PBKDF2|HKDF)$/.test(key.algorithm.name))
    throw new DOMException("The key cannot be kept.", "NotSupportedError");
  const jwk = (await crypto.subtle.exportKey("jwk", key)) as unknown as Fields;
  const { key_ops: _operations, ext: _extractable, ...rest } = jwk;
  return rest;
}

function pack(value: unknown): unknown {
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
    const bytes = ArrayBuffer.isView(value)
      ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
      : new Uint8Array(value);
    return { __bytes: Buffer.from(bytes).toString("base64") };
  }
  if (Array.isArray(value)) return value.map(pack);
  if (!isFields(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, pack(entry)]));
}

const subtle = crypto.subtle as unknown as Record<
  string,
  (...values: unknown[]) => Promise<unknown>
>;

/** Keys are created as extractable, so that they can be returned; the program sees the flag that it requested. */
async function perform(
  method: string,
  values: unknown[],
): Promise<{ value: unknown } | { bytes: Uint8Array }> {
  const args = (await revive(values)) as unknown[];
  switch (method) {
    case "importKey": {
      const key = (await subtle.importKey?.(...args)) as CryptoKey;
      if (args[0] === "raw" || /^(PBKDF2|HKDF)$/.test(key.algorithm.name)) {
        const raw = Buffer.from(args[1] as Uint8Array).toString("base64");
        const isSymmetric = key.type === "secret";
        if (isSymmetric) return { value: { __key: await keyFields(key, { raw }) } };
      }
      const open = key.extractable
        ? key
        : ((await subtle.importKey?.(...args.with(3, true))) as CryptoKey);
      return { value: { __key: await keyFields(key, await exportKey(open)) } };
    }
    case "generateKey": {
      const keys = await subtle.generateKey?.(...args.with(1, true));
      const isOpen = args[1] === true;
      if (keys instanceof CryptoKey)
        return { value: { __key: { ...(await keyFields(keys)), extractable: isOpen } } };
      const { publicKey, privateKey } = keys as CryptoKeyPair;
      return {
        value: {
          publicKey: { __key: await keyFields(publicKey) },
          privateKey: { __key: { ...(await keyFields(privateKey)), extractable: isOpen } },
        },
      };
    }
    case "deriveKey":
    case "unwrapKey": {
      const usagesIndex = method === "deriveKey" ? 3 : 5;
      const key = (await subtle[method]?.(...args.with(usagesIndex, true))) as CryptoKey;
      return {
        value: { __key: { ...(await keyFields(key)), extractable: args[usagesIndex] === true } },
      };
    }
    default: {
      const answer = await subtle[method]?.(...args);
      if (answer instanceof ArrayBuffer) return { bytes: new Uint8Array(answer) };
      return { value: pack(answer) };
    }
  }
}

/** One call. Never rejects. When the fuel runs out, it throws at once, which ends the run. */
export function callSubtle(
  method: string,
  argumentsJson: string,
  charge: (units: number) => void,
): Promise<Answer> {
  const values = parseJson(argumentsJson);
  const errorAnswer = (error: unknown): Answer => {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    return { text: JSON.stringify({ error: { name, message } }), bytes: null };
  };
  if (!Array.isArray(values) || !subtleMethods.includes(method))
    return Promise.resolve(errorAnswer(new TypeError("There is no such operation.")));
  let price: number;
  try {
    price = priceOf(method, values.map(shallow), argumentsJson.length);
  } catch (error) {
    return Promise.resolve(errorAnswer(error));
  }
  charge(price);
  return perform(method, values).then(
    (answer) =>
      "bytes" in answer
        ? { text: JSON.stringify({ bytes: true }), bytes: answer.bytes }
        : { text: JSON.stringify({ value: answer.value }), bytes: null },
    errorAnswer,
  );
}

/** Replaces encoded bytes by bytes, to compute the price. */
function shallow(value: unknown): unknown {
  if (!isFields(value) || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) =>
      isFields(entry) && "__bytes" in entry
        ? [key, new Uint8Array(Buffer.from(String(entry.__bytes), "base64"))]
        : [key, entry],
    ),
  );
}
