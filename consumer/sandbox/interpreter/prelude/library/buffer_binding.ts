import { op } from "../../protocol.ts";
import { askBytes, askText, encodeText } from "../bridge.ts";

/** What Node's Buffer asks of its native side: encodings by the host, searches by the engine's strings. */

type Bytes = Uint8Array;
const slice = (bytes: Bytes, start = 0, end = bytes.length): Bytes =>
  bytes.subarray(Math.max(0, start), Math.max(0, Math.min(end, bytes.length)));
const sliced =
  (encoding: string) =>
  (bytes: Bytes, start?: number, end?: number): string => {
    const piece = slice(bytes, start, end);
    return piece.length === 0 ? "" : askText(op.decode, [encoding], plain(piece));
  };

/** The bytes as a plain Uint8Array, because code here must not call methods that a program can replace in Buffer. */
const plain = (bytes: Bytes): Bytes =>
  new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export function encoded(text: string, encoding: string): Bytes {
  return encoding === "utf8" ? encodeText(text) : askBytes(op.encode, [encoding, text]);
}

const written =
  (encoding: string, unit = 1) =>
  (into: Bytes, text: string, offset = 0, length = into.length - offset): number => {
    const bytes = encoded(String(text), encoding);
    const room = Math.min(length, into.length - offset);
    let count = Math.min(bytes.length, room);
    count -= count % unit;
    // A character that does not fit whole is left out.
    if (encoding === "utf8" && count < bytes.length)
      while (count > 0 && ((bytes[count] ?? 0) & 0xc0) === 0x80) count -= 1;
    Uint8Array.prototype.set.call(into, bytes.subarray(0, count), offset);
    return count;
  };

const latin1 = sliced("latin1");

/** Where a search starts in a buffer of this length, as Node counts it; -1 where it cannot match. */
function startOf(length: number, offset: number, needle: number, forward: boolean): number {
  if (offset < 0) {
    if (offset + length >= 0) return length + offset;
    return forward || needle === 0 ? 0 : -1;
  }
  if (offset + needle <= length) return offset;
  if (needle === 0) return length;
  return forward ? -1 : length - 1;
}

function find(bytes: Bytes, needle: Bytes, offset: number, forward: boolean, unit = 1): number {
  const start = startOf(
    bytes.length,
    Number.isNaN(offset) ? (forward ? 0 : bytes.length) : offset,
    needle.length,
    forward,
  );
  if (start < 0) return -1;
  if (needle.length === 0) return start;
  const [text, part] = [latin1(bytes), latin1(needle)];
  const next = (from: number): number =>
    forward ? text.indexOf(part, from) : text.lastIndexOf(part, from);
  let at = next(start);
  while (at >= 0 && at % unit !== 0) at = forward ? next(at + 1) : at === 0 ? -1 : next(at - 1);
  return at;
}

const encodingNames = [
  "ascii",
  "utf8",
  "base64",
  "utf16le",
  "latin1",
  "hex",
  "buffer",
  "base64url",
];

function compare(a: Bytes, b: Bytes): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference < 0 ? -1 : 1;
  }
  return Math.sign(a.length - b.length);
}

function fill(
  into: Bytes,
  value: unknown,
  start: number,
  end: number,
  encoding = "utf8",
): number | undefined {
  if (start > end || start < 0 || end > into.length) return -2;
  const target = plain(into).subarray(start, end);
  if (typeof value === "number" || typeof value === "boolean") {
    target.fill(Number(value) & 255);
    return undefined;
  }
  const name = String(encoding).toLowerCase();
  const bytes =
    typeof value === "string" ? encoded(value, encodingOf(name)) : plain(value as Bytes);
  if (bytes.length === 0) return -1;
  target.set(bytes.subarray(0, target.length));
  // Each copy doubles what is filled.
  for (let done = bytes.length; done < target.length; done *= 2)
    target.copyWithin(done, 0, Math.min(done, target.length - done));
  return undefined;
}

function encodingOf(name: string): string {
  if (name === "utf-8") return "utf8";
  if (name === "binary") return "latin1";
  return /^(ucs-?2|utf-?16le)$/.test(name) ? "utf16le" : name;
}

function swap(bytes: Bytes, unit: number): Bytes {
  for (let at = 0; at + unit <= bytes.length; at += unit)
    plain(bytes)
      .subarray(at, at + unit)
      .reverse();
  return bytes;
}

function atob(input: string): string | number {
  const text = input.replace(/[\t\n\f\r ]/g, "");
  const bare = text.length % 4 === 0 ? text.replace(/={1,2}$/, "") : text;
  if (/[^A-Za-z0-9+/]/.test(bare)) return -1;
  if (bare.length % 4 === 1) return -2;
  return latin1(encoded(bare, "base64"));
}

export const bufferBinding = {
  kMaxLength: 2 ** 53 - 1,
  kStringMaxLength: 536_870_888,
  byteLengthUtf8: (text: string) => encodeText(text).length,
  compare: (a: Bytes, b: Bytes) => compare(plain(a), plain(b)),
  compareOffset: (
    a: Bytes,
    b: Bytes,
    bStart: number,
    aStart: number,
    bLength: number,
    aLength: number,
  ) =>
    compare(slice(plain(a), aStart, aStart + aLength), slice(plain(b), bStart, bStart + bLength)),
  copy: (from: Bytes, to: Bytes, toStart: number, start: number, count: number) =>
    plain(to).set(plain(from).subarray(start, start + count), toStart),
  copyArrayBuffer: (
    to: ArrayBuffer,
    toStart: number,
    from: ArrayBuffer,
    start: number,
    count: number,
  ) => new Uint8Array(to).set(new Uint8Array(from, start, count), toStart),
  fill,
  isAscii: (bytes: ArrayBufferView) => !/[\x80-\xff]/.test(latin1(viewOf(bytes))),
  isUtf8: (bytes: ArrayBufferView) => {
    try {
      askText(op.decode, ["utf-8", true], viewOf(bytes));
      return true;
    } catch {
      return false;
    }
  },
  indexOfBuffer: (
    bytes: Bytes,
    needle: Bytes,
    offset: number,
    encoding: number,
    forward: boolean,
  ) =>
    find(
      plain(bytes),
      plain(needle),
      offset,
      forward,
      encodingNames[encoding] === "utf16le" ? 2 : 1,
    ),
  indexOfNumber: (bytes: Bytes, value: number, offset: number, forward: boolean) =>
    find(plain(bytes), Uint8Array.of(value & 255), offset, forward),
  indexOfString: (
    bytes: Bytes,
    text: string,
    offset: number,
    encoding: number,
    forward: boolean,
  ) => {
    const name = encodingNames[encoding] ?? "utf8";
    return find(plain(bytes), encoded(text, name), offset, forward, name === "utf16le" ? 2 : 1);
  },
  swap16: (bytes: Bytes) => swap(bytes, 2),
  swap32: (bytes: Bytes) => swap(bytes, 4),
  swap64: (bytes: Bytes) => swap(bytes, 8),
  atob,
  btoa: (text: string) =>
    /[^\0-\xff]/.test(text) ? -1 : sliced("base64")(encoded(text, "latin1")),
  asciiSlice: sliced("ascii"),
  base64Slice: sliced("base64"),
  base64urlSlice: sliced("base64url"),
  latin1Slice: latin1,
  hexSlice: sliced("hex"),
  ucs2Slice: sliced("utf16le"),
  utf8Slice: sliced("utf8"),
  asciiWriteStatic: written("latin1"),
  base64Write: written("base64"),
  base64urlWrite: written("base64url"),
  latin1WriteStatic: written("latin1"),
  hexWrite: written("hex"),
  ucs2Write: written("utf16le", 2),
  utf8WriteStatic: written("utf8"),
  createUnsafeArrayBuffer: (size: number) => new ArrayBuffer(size),
  setDetachKey: () => {},
  getZeroFillToggle: () => undefined,
};

const viewOf = (bytes: ArrayBufferView | ArrayBuffer): Bytes =>
  ArrayBuffer.isView(bytes)
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : new Uint8Array(bytes);
