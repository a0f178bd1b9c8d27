import { op } from "../../protocol.ts";
import { askBytes, askText, encodeText } from "../bridge.ts";

/** The native side of Node's Buffer: the host encodes, and the engine's strings search. */

type Bytes = Uint8Array;
const slice = (bytes: Bytes, start = 0, end = bytes.length): Bytes =>
  bytes.subarray(Math.max(0, start), Math.max(0, Math.min(end, bytes.length)));
const sliceText =
  (encoding: string) =>
  (bytes: Bytes, start?: number, end?: number): string => {
    const piece = slice(bytes, start, end);
    return piece.length === 0 ? "" : askText(op.decode, [encoding], plainBytes(piece));
  };

/** The bytes as a plain Uint8Array, because code here must not call methods that a program can replace in Buffer. */
const plainBytes = (bytes: Bytes): Bytes =>
  new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export function encodeWith(text: string, encoding: string): Bytes {
  return encoding === "utf8" ? encodeText(text) : askBytes(op.encode, [encoding, text]);
}

const writeText =
  (encoding: string, unit = 1) =>
  (target: Bytes, text: string, offset = 0, length = target.length - offset): number => {
    const bytes = encodeWith(String(text), encoding);
    const room = Math.min(length, target.length - offset);
    let count = Math.min(bytes.length, room);
    count -= count % unit;
    // A character that does not fit completely is left out.
    if (encoding === "utf8" && count < bytes.length)
      while (count > 0 && ((bytes[count] ?? 0) & 0xc0) === 0x80) count -= 1;
    Uint8Array.prototype.set.call(target, bytes.subarray(0, count), offset);
    return count;
  };

const latin1 = sliceText("latin1");

/** Where a search starts in a buffer of this length, with Node's rules; -1 if nothing can match. */
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
  let position = next(start);
  while (position >= 0 && position % unit !== 0)
    position = forward ? next(position + 1) : position === 0 ? -1 : next(position - 1);
  return position;
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
  for (let index = 0; index < length; index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
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
  const target = plainBytes(into).subarray(start, end);
  if (typeof value === "number" || typeof value === "boolean") {
    target.fill(Number(value) & 255);
    return undefined;
  }
  const name = String(encoding).toLowerCase();
  const bytes =
    typeof value === "string" ? encodeWith(value, encodingOf(name)) : plainBytes(value as Bytes);
  if (bytes.length === 0) return -1;
  target.set(bytes.subarray(0, target.length));
  // Each copy doubles the filled part.
  for (let filledBytes = bytes.length; filledBytes < target.length; filledBytes *= 2)
    target.copyWithin(filledBytes, 0, Math.min(filledBytes, target.length - filledBytes));
  return undefined;
}

function encodingOf(name: string): string {
  if (name === "utf-8") return "utf8";
  if (name === "binary") return "latin1";
  return /^(ucs-?2|utf-?16le)$/.test(name) ? "utf16le" : name;
}

function swap(bytes: Bytes, unit: number): Bytes {
  for (let offset = 0; offset + unit <= bytes.length; offset += unit)
    plainBytes(bytes)
      .subarray(offset, offset + unit)
      .reverse();
  return bytes;
}

function atob(input: string): string | number {
  const text = input.replace(/[\t\n\f\r ]/g, "");
  const unpadded = text.length % 4 === 0 ? text.replace(/={1,2}$/, "") : text;
  if (/[^A-Za-z0-9+/]/.test(unpadded)) return -1;
  if (unpadded.length % 4 === 1) return -2;
  return latin1(encodeWith(unpadded, "base64"));
}

export const bufferBinding = {
  kMaxLength: 2 ** 53 - 1,
  kStringMaxLength: 536_870_888,
  byteLengthUtf8: (text: string) => encodeText(text).length,
  compare: (a: Bytes, b: Bytes) => compare(plainBytes(a), plainBytes(b)),
  compareOffset: (
    a: Bytes,
    b: Bytes,
    bStart: number,
    aStart: number,
    bLength: number,
    aLength: number,
  ) =>
    compare(
      slice(plainBytes(a), aStart, aStart + aLength),
      slice(plainBytes(b), bStart, bStart + bLength),
    ),
  copy: (from: Bytes, to: Bytes, toStart: number, start: number, count: number) =>
    plainBytes(to).set(plainBytes(from).subarray(start, start + count), toStart),
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
      plainBytes(bytes),
      plainBytes(needle),
      offset,
      forward,
      encodingNames[encoding] === "utf16le" ? 2 : 1,
    ),
  indexOfNumber: (bytes: Bytes, value: number, offset: number, forward: boolean) =>
    find(plainBytes(bytes), Uint8Array.of(value & 255), offset, forward),
  indexOfString: (
    bytes: Bytes,
    text: string,
    offset: number,
    encoding: number,
    forward: boolean,
  ) => {
    const name = encodingNames[encoding] ?? "utf8";
    return find(
      plainBytes(bytes),
      encodeWith(text, name),
      offset,
      forward,
      name === "utf16le" ? 2 : 1,
    );
  },
  swap16: (bytes: Bytes) => swap(bytes, 2),
  swap32: (bytes: Bytes) => swap(bytes, 4),
  swap64: (bytes: Bytes) => swap(bytes, 8),
  atob,
  btoa: (text: string) =>
    /[^\0-\xff]/.test(text) ? -1 : sliceText("base64")(encodeWith(text, "latin1")),
  asciiSlice: sliceText("ascii"),
  base64Slice: sliceText("base64"),
  base64urlSlice: sliceText("base64url"),
  latin1Slice: latin1,
  hexSlice: sliceText("hex"),
  ucs2Slice: sliceText("utf16le"),
  utf8Slice: sliceText("utf8"),
  asciiWriteStatic: writeText("latin1"),
  base64Write: writeText("base64"),
  base64urlWrite: writeText("base64url"),
  latin1WriteStatic: writeText("latin1"),
  hexWrite: writeText("hex"),
  ucs2Write: writeText("utf16le", 2),
  utf8WriteStatic: writeText("utf8"),
  createUnsafeArrayBuffer: (size: number) => new ArrayBuffer(size),
  // A buffer in the sandbox has no address, so each counts as aligned.
  arrayBufferAlignedOffset: () => 0,
  setDetachKey: () => {},
  getZeroFillToggle: () => undefined,
};

const viewOf = (bytes: ArrayBufferView | ArrayBuffer): Bytes =>
  ArrayBuffer.isView(bytes)
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : new Uint8Array(bytes);
