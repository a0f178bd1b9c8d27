import { op } from "../../protocol.ts";
import { askBytes, bufferOf, bytesOf } from "../bridge.ts";

type Callback = (error: unknown, value?: Buffer) => void;
type Input = string | ArrayBufferView | ArrayBuffer;

/** Maps zlib's functions and classes to the host's operations. */
const kinds = {
  gzip: "Gzip",
  gunzip: "Gunzip",
  deflate: "Deflate",
  inflate: "Inflate",
  deflateRaw: "DeflateRaw",
  inflateRaw: "InflateRaw",
  unzip: "Unzip",
  brotliCompress: "BrotliCompress",
  brotliDecompress: "BrotliDecompress",
} as const;

const run = (kind: string, data: Input, options: object = {}): Buffer => {
  if (typeof data !== "string" && !ArrayBuffer.isView(data) && !(data instanceof ArrayBuffer)) {
    const message = `The "buffer" argument must be of type string or an instance of Buffer, TypedArray, DataView, or ArrayBuffer. Received ${data === undefined ? "undefined" : typeof data}`;
    throw Object.assign(new TypeError(message), { code: "ERR_INVALID_ARG_TYPE" });
  }
  const bytes = typeof data === "string" ? Buffer.from(data) : bytesOf(data);
  return Buffer.from(bufferOf(askBytes(op.zlib, [kind, plainOptions(options)], bytes)));
};

/** The options that can be sent to the host, so not functions. */
const plainOptions = (options: object): object =>
  Object.fromEntries(
    Object.entries(options).filter(
      ([, value]) =>
        typeof value === "number" ||
        value === true ||
        (typeof value === "object" && !ArrayBuffer.isView(value)),
    ),
  );

/**
 * A stream that works on the whole of its input. What is compressed may be whole before the input has ended, so
 * that is tried whenever twice as much has come: then no byte is tried more than twice.
 */
function makeStream(
  Transform: typeof import("node:stream")["Transform"],
  kind: string,
  options: object,
): unknown {
  const isCompressed = /^(gun|inf|unz|brotliD)/.test(kind);
  let pieces: Uint8Array[] = [];
  let length = 0;
  let triedLength = 0;
  let isDone = false;
  return new Transform({
    transform(chunk: Uint8Array, _encoding, callback) {
      pieces.push(chunk.slice());
      length += chunk.length;
      if (!isCompressed || isDone || length < triedLength * 2) return callback();
      triedLength = length;
      let output: Buffer;
      try {
        output = run(kind, Buffer.concat(pieces), options);
      } catch {
        return callback();
      }
      isDone = true;
      pieces = [];
      pushAll(this, output);
      callback();
    },
    flush(callback) {
      const rest = Buffer.concat(pieces);
      if (isDone && rest.length === 0) return callback();
      try {
        if (isDone && "rejectGarbageAfterEnd" in options) throw garbageError();
        pushAll(this, run(kind, rest, options));
        callback();
      } catch (error) {
        // As in Node, bytes that follow the end of the compressed data and are not compressed data are ignored.
        callback(isDone && !("rejectGarbageAfterEnd" in options) ? null : (error as Error));
      }
    },
  });
}

const garbageError = (): Error =>
  Object.assign(new TypeError("Trailing junk found after the end of the compressed stream"), {
    code: "ERR_TRAILING_JUNK_AFTER_STREAM_END",
  });

function pushAll(target: import("node:stream").Readable, output: Buffer): void {
  for (let offset = 0; offset < output.length; offset += 16_384)
    target.push(output.subarray(offset, offset + 16_384));
}

/** node:zlib: the host converts whole buffers, and a stream converts when its input has ended. */
export function makeZlib(stream: () => typeof import("node:stream")): object {
  const zlib: Record<string, unknown> = {};
  for (const [kind, name] of Object.entries(kinds)) {
    zlib[`${kind}Sync`] = (data: Input, options?: object) => run(kind, data, options);
    zlib[kind] = (data: Input, ...rest: unknown[]) => {
      const callback = rest.at(-1) as Callback;
      let value: Buffer | undefined;
      let error: unknown = null;
      try {
        value = run(kind, data, typeof rest[0] === "object" ? (rest[0] as object) : {});
      } catch (thrown) {
        error = thrown;
      }
      setImmediate(() => (error === null ? callback(null, value) : callback(error)));
    };
    const create = (options: object = {}): unknown => makeStream(stream().Transform, kind, options);
    zlib[`create${name}`] = create;
    zlib[name] = create;
  }
  zlib.crc32 = (data: Input, value = 0) => {
    const bytes = typeof data === "string" ? Buffer.from(data) : bytesOf(data);
    return new Uint32Array(bufferOf(askBytes(op.zlib, ["crc32", { value }], bytes)))[0];
  };
  zlib.constants = constants;
  for (const [name, value] of Object.entries(constants))
    if (name.startsWith("Z_")) zlib[name] = value;
  return zlib;
}

const constants = {
  Z_NO_FLUSH: 0,
  Z_PARTIAL_FLUSH: 1,
  Z_SYNC_FLUSH: 2,
  Z_FULL_FLUSH: 3,
  Z_FINISH: 4,
  Z_OK: 0,
  Z_STREAM_END: 1,
  Z_BUF_ERROR: -5,
  Z_DATA_ERROR: -3,
  Z_NO_COMPRESSION: 0,
  Z_BEST_SPEED: 1,
  Z_BEST_COMPRESSION: 9,
  Z_DEFAULT_COMPRESSION: -1,
  Z_DEFAULT_STRATEGY: 0,
  Z_FILTERED: 1,
  Z_HUFFMAN_ONLY: 2,
  Z_RLE: 3,
  Z_FIXED: 4,
  Z_MIN_WINDOWBITS: 8,
  Z_MAX_WINDOWBITS: 15,
  Z_DEFAULT_WINDOWBITS: 15,
  BROTLI_PARAM_MODE: 0,
  BROTLI_PARAM_QUALITY: 1,
  BROTLI_PARAM_LGWIN: 2,
  BROTLI_PARAM_SIZE_HINT: 5,
  BROTLI_MODE_GENERIC: 0,
  BROTLI_MODE_TEXT: 1,
  BROTLI_MIN_QUALITY: 0,
  BROTLI_MAX_QUALITY: 11,
  BROTLI_DEFAULT_QUALITY: 11,
};
