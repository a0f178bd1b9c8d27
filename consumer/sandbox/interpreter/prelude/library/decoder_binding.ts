import { op } from "../../protocol.ts";
import { askText, encodeText } from "../bridge.ts";

/** The native side of Node's TextDecoder, TextEncoder and StringDecoder. */

const encodeIntoResults = new Uint32Array(2);

const bytesOf = (source: ArrayBuffer | ArrayBufferView): Uint8Array =>
  ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);

function decodeHost(
  encoding: string,
  bytes: Uint8Array,
  fatal: boolean,
  ignoreBom: boolean,
  stream = false,
): string {
  try {
    return askText(op.decode, [encoding, fatal, ignoreBom, stream], bytes);
  } catch (error) {
    if (!fatal) throw error;
    const message = `The encoded data was not valid for encoding ${encoding}`;
    throw Object.assign(new TypeError(message), { code: "ERR_ENCODING_INVALID_ENCODED_DATA" });
  }
}

export const decoderBinding = {
  encodeIntoResults,
  encodeUtf8String: (text: string) => encodeText(text),
  encodeInto(text: string, target: Uint8Array) {
    encodeIntoResults.fill(0);
    if (target.length === 0) return;
    // One unit takes at most three bytes, so no more of the text can fit.
    let part = text.slice(0, target.length);
    let bytes = encodeText(part);
    if (bytes.length > target.length) {
      let end = target.length;
      while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
      bytes = bytes.subarray(0, end);
      part = decodeHost("utf-8", bytes, false, true);
    }
    target.set(bytes);
    encodeIntoResults[0] = part.length;
    encodeIntoResults[1] = bytes.length;
  },
  decodeUTF8: (source: ArrayBuffer | ArrayBufferView, ignoreBom: unknown, fatal: boolean) =>
    decodeHost("utf-8", bytesOf(source), fatal, Boolean(ignoreBom)),
  toASCII: (domain: string) => domain,
  toUnicode: (domain: string) => domain,
};

interface Converter {
  fatal: boolean;
  ignoreBom: boolean;
  pendingBytes: Uint8Array;
  /** The number of characters of `pendingBytes` that were already returned. */
  returnedChars: number;
}

/** Decoders for encodings that are neither UTF-8 nor single-byte. */
export const converters = {
  getConverter(encoding: string, flags: number): Converter | undefined {
    try {
      askText(op.decode, [encoding, false, false, false], new Uint8Array(0));
    } catch {
      return undefined;
    }
    return {
      fatal: (flags & 2) !== 0,
      ignoreBom: (flags & 4) !== 0,
      pendingBytes: new Uint8Array(0),
      returnedChars: 0,
    };
  },
  /** Earlier bytes are decoded again, because only the later ones show where a character ends. */
  decode(
    converter: Converter,
    source: ArrayBuffer | ArrayBufferView,
    flags: number,
    encoding: string,
  ): string {
    const bytes = bytesOf(source);
    const joinedBytes = new Uint8Array(converter.pendingBytes.length + bytes.length);
    joinedBytes.set(converter.pendingBytes);
    joinedBytes.set(bytes, converter.pendingBytes.length);
    const isLast = (flags & 1) !== 0;
    const { returnedChars } = converter;
    // Where the bytes are not valid, the decoder begins again.
    converter.pendingBytes = new Uint8Array(0);
    converter.returnedChars = 0;
    const text = decodeHost(encoding, joinedBytes, converter.fatal, converter.ignoreBom, !isLast);
    if (!isLast) {
      converter.pendingBytes = joinedBytes;
      converter.returnedChars = text.length;
    }
    return text.slice(returnedChars);
  },
};

const encodings = ["ascii", "utf8", "base64", "utf16le", "latin1", "hex", "buffer", "base64url"];
const field = { missing: 4, buffered: 5, encoding: 6 };

/** The number of bytes at the end that belong to an incomplete unit. */
function incomplete(bytes: Uint8Array, encoding: string): number {
  if (encoding === "utf16le") {
    const odd = bytes.length % 2;
    const high = (bytes[bytes.length - odd - 1] ?? 0) & 0xfc;
    return bytes.length - odd >= 2 && high === 0xd8 ? odd + 2 : odd;
  }
  if (encoding === "base64" || encoding === "base64url") return bytes.length % 3;
  if (encoding !== "utf8") return 0;
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return size > back ? back : 0;
  }
  return 0;
}

const text = (encoding: string, bytes: Uint8Array): string =>
  bytes.length === 0 ? "" : askText(op.decode, [encoding], bytes);

export const stringDecoderBinding = {
  encodings,
  kIncompleteCharactersStart: 0,
  kIncompleteCharactersEnd: 4,
  kMissingBytes: field.missing,
  kBufferedBytes: field.buffered,
  kEncodingField: field.encoding,
  kNumFields: 7,
  kSize: 7,
  decode(state: Uint8Array, source: ArrayBufferView): string {
    const encoding = encodings[state[field.encoding] ?? 1] ?? "utf8";
    const bufferedBytes = state[field.buffered] ?? 0;
    const newBytes = bytesOf(source);
    const joinedBytes = new Uint8Array(bufferedBytes + newBytes.length);
    joinedBytes.set(state.subarray(0, bufferedBytes));
    joinedBytes.set(newBytes, bufferedBytes);
    const rest = incomplete(joinedBytes, encoding);
    const end = joinedBytes.length - rest;
    for (let index = 0; index < rest; index += 1) state[index] = joinedBytes[end + index] ?? 0;
    state[field.buffered] = rest;
    const lead = joinedBytes[end] ?? 0;
    const size =
      encoding === "utf8"
        ? lead >= 0xf0
          ? 4
          : lead >= 0xe0
            ? 3
            : 2
        : encoding === "utf16le"
          ? rest > 1
            ? 4
            : 2
          : 3;
    state[field.missing] = rest === 0 ? 0 : size - rest;
    return text(encoding, joinedBytes.subarray(0, end));
  },
  flush(state: Uint8Array): string {
    const encoding = encodings[state[field.encoding] ?? 1] ?? "utf8";
    const bufferedBytes = state[field.buffered] ?? 0;
    state[field.buffered] = 0;
    state[field.missing] = 0;
    const bytes = new Uint8Array(
      state.subarray(
        0,
        encoding === "utf16le" ? bufferedBytes - (bufferedBytes % 2) : bufferedBytes,
      ),
    );
    return encoding === "utf8" && bytes.length > 0 ? "\ufffd" : text(encoding, bytes);
  },
};
