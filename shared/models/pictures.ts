/** Pictures that a model is shown: which bytes are one, how large it is, and what it costs in tokens. */
import { pictureLimits } from "../limits.ts";

export interface PictureSize {
  /** The media type. */
  type: string;
  width: number;
  height: number;
}

const dataUrl = /^data:(image\/(?:png|jpeg|gif|webp));base64,([A-Za-z0-9+/]+={0,2})$/;

/** The bytes of a picture's data URL; null where it is none, or says another type than its bytes. */
export function readDataUrl(url: string): Uint8Array | null {
  const [, type, base64] = dataUrl.exec(url) ?? [];
  if (type === undefined || base64 === undefined) return null;
  try {
    const bytes = Uint8Array.fromBase64(base64);
    return pictureSize(bytes)?.type === type ? bytes : null;
  } catch {
    return null;
  }
}

export const dataUrlOf = ({ type }: PictureSize, bytes: Uint8Array): string =>
  `data:${type};base64,${bytes.toBase64()}`;

/** Type and size in pixels, by the bytes and never by a name; null where they are no picture that models take. */
export function pictureSize(bytes: Uint8Array): PictureSize | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const ascii = (from: number, to: number) => String.fromCharCode(...bytes.subarray(from, to));
  if (bytes.length >= 24 && ascii(1, 4) === "PNG" && ascii(12, 16) === "IHDR") {
    return sized("image/png", view.getUint32(16), view.getUint32(20));
  }
  if (bytes.length >= 10 && /^GIF8[79]a$/.test(ascii(0, 6))) {
    return sized("image/gif", view.getUint16(6, true), view.getUint16(8, true));
  }
  if (bytes.length >= 30 && ascii(0, 4) === "RIFF" && ascii(8, 12) === "WEBP")
    return webpSize(view);
  return bytes.length >= 4 && view.getUint16(0) === 0xffd8 ? jpegSize(view) : null;
}

function sized(type: string, width: number, height: number): PictureSize | null {
  return width > 0 && height > 0 ? { type, width, height } : null;
}

function webpSize(view: DataView): PictureSize | null {
  const form = view.getUint32(12);
  // "VP8 ", "VP8L" and "VP8X": lossy, lossless, extended.
  if (form === 0x56503820) {
    return sized(
      "image/webp",
      view.getUint16(26, true) & 0x3fff,
      view.getUint16(28, true) & 0x3fff,
    );
  }
  if (form === 0x5650384c) {
    const bits = view.getUint32(21, true);
    return sized("image/webp", (bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1);
  }
  const at = (from: number) => view.getUint16(from, true) + (view.getUint8(from + 2) << 16) + 1;
  return form === 0x56503858 ? sized("image/webp", at(24), at(27)) : null;
}

/** Goes from segment to segment to the frame's header, which holds the size. */
function jpegSize(view: DataView): PictureSize | null {
  for (let at = 2; at + 9 < view.byteLength; ) {
    if (view.getUint8(at) !== 0xff) return null;
    const marker = view.getUint8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return sized("image/jpeg", view.getUint16(at + 7), view.getUint16(at + 5));
    at += 2 + Math.max(2, view.getUint16(at + 2));
  }
  return null;
}

/** What a picture weighs in a prompt: models cut it into patches of some 28 pixels on each side. */
export function pictureTokens({ width, height }: PictureSize): number {
  const { pixelsPerToken, tokensMin, tokensMax } = pictureLimits;
  return Math.min(tokensMax, Math.max(tokensMin, Math.ceil((width * height) / pixelsPerToken)));
}
