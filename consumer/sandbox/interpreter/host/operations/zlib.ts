import zlib from "node:zlib";
import { op } from "../../protocol.ts";
import type { Operation } from "./operation.ts";

type Options = Record<string, unknown>;

/** The largest output of one call, which must fit into a program's memory. */
const outputMax = 32_000_000;
/** Bytes of output that one unit of fuel pays for. */
const outputPerFuel = 4;

const compressions: Record<
  string,
  [work: (bytes: Uint8Array, options: object) => Buffer, fuelPerByte: number]
> = {
  gzip: [zlib.gzipSync, 2],
  deflate: [zlib.deflateSync, 2],
  deflateRaw: [zlib.deflateRawSync, 2],
  brotliCompress: [zlib.brotliCompressSync, 100],
};
const decompressions: Record<string, (bytes: Uint8Array, options: object) => Buffer> = {
  gunzip: zlib.gunzipSync,
  inflate: zlib.inflateSync,
  inflateRaw: zlib.inflateRawSync,
  unzip: zlib.unzipSync,
  brotliDecompress: zlib.brotliDecompressSync,
};

/** What a decompression answers when it is asked how much it has read. */
interface Informed {
  buffer: Buffer;
  engine: { bytesWritten: number };
}

/** Only numeric options are read: a program does not need its own dictionary or chunk size. */
function optionsOf(value: unknown): Options {
  const input = typeof value === "object" && value !== null ? (value as Options) : {};
  const optionNames = ["level", "memLevel", "strategy", "windowBits"];
  const options: Options = Object.fromEntries(
    optionNames.filter((key) => typeof input[key] === "number").map((key) => [key, input[key]]),
  );
  const quality = (input.params as Record<string, unknown> | undefined)?.[
    zlib.constants.BROTLI_PARAM_QUALITY
  ];
  if (typeof quality === "number")
    options.params = { [zlib.constants.BROTLI_PARAM_QUALITY]: quality };
  return options;
}

/** Adds zlib's error code to an error. */
function dataError(error: unknown): Error {
  const message = error instanceof Error ? error.message : "";
  const isShort = /unexpected end of file/.test(message);
  const fields = isShort ? { code: "Z_BUF_ERROR", errno: -5 } : { code: "Z_DATA_ERROR", errno: -3 };
  return Object.assign(new Error(message), fields);
}

export const zlibOperations: Record<number, Operation> = {
  [op.zlib]: {
    price: ([method], bytes) => 5_000 + bytes.length * (compressions[String(method)]?.[1] ?? 0.25),
    perform([method, rawOptions], bytes, { charge, fuelLeft }) {
      const name = String(method);
      if (name === "crc32") {
        const value = Number((rawOptions as Options | undefined)?.value) || 0;
        return new Uint8Array(Uint32Array.of(zlib.crc32(bytes, value)).buffer);
      }
      const compress = compressions[name]?.[0];
      if (compress !== undefined) return new Uint8Array(compress(bytes, optionsOf(rawOptions)));
      const decompress = decompressions[name];
      if (decompress === undefined) throw new TypeError("There is no such compression.");
      // The output never exceeds what the remaining fuel pays for.
      const maxOutputLength = Math.max(
        1,
        Math.min(outputMax, Math.floor(fuelLeft() * outputPerFuel)),
      );
      let output: Buffer;
      let isWhole = true;
      try {
        const options = { ...optionsOf(rawOptions), maxOutputLength, info: true };
        const outcome = decompress(bytes, options) as unknown as Informed | Buffer;
        output = "engine" in outcome ? outcome.buffer : outcome;
        isWhole = !("engine" in outcome) || outcome.engine.bytesWritten >= bytes.length;
      } catch (error) {
        if (!(error instanceof RangeError)) throw dataError(error);
        charge(maxOutputLength / outputPerFuel);
        throw new RangeError(`The decompressed data is larger than ${outputMax} bytes.`);
      }
      charge(output.length / outputPerFuel);
      if (!isWhole && (rawOptions as Options | undefined)?.rejectGarbageAfterEnd === true) {
        const message = "Trailing junk found after the end of the compressed stream";
        throw Object.assign(new TypeError(message), {
          code: "ERR_TRAILING_JUNK_AFTER_STREAM_END",
        });
      }
      return new Uint8Array(output);
    },
  },
};
