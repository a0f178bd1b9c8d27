import { op } from "../../protocol.ts";
import type { Operation } from "./operation.ts";

const nodeEncodings = ["hex", "base64", "base64url", "latin1", "ascii", "utf8", "utf16le"] as const;
type NodeEncoding = (typeof nodeEncodings)[number];

const nodeEncoding = (name: unknown): NodeEncoding | undefined =>
  nodeEncodings.find((encoding) => encoding === name);

function widthOf(text: string): number {
  let columns = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    const code = segment.codePointAt(0) ?? 0;
    if (code < 0x20 || (code >= 0x7f && code < 0xa0) || /^\p{M}|^\p{Cf}/u.test(segment)) continue;
    columns += /\p{Emoji_Presentation}|\ufe0f/u.test(segment) || isWide(code) ? 2 : 1;
  }
  return columns;
}

function isWide(code: number): boolean {
  return (
    code >= 0x1100 &&
    (code <= 0x115f ||
      (code >= 0x2e80 && code <= 0x3247) ||
      (code >= 0x3250 && code <= 0x4dbf) ||
      (code >= 0x4e00 && code <= 0xa4c6) ||
      (code >= 0xac00 && code <= 0xd7a3) ||
      (code >= 0xf900 && code <= 0xfaff) ||
      (code >= 0xfe30 && code <= 0xfe6b) ||
      (code >= 0xff01 && code <= 0xff60) ||
      (code >= 0xffe0 && code <= 0xffe6) ||
      (code >= 0x1f300 && code <= 0x1f64f) ||
      (code >= 0x1f900 && code <= 0x1f9ff) ||
      (code >= 0x20000 && code <= 0x3fffd))
  );
}

/** Operations that encode and decode text, with the encodings of Buffer and of TextDecoder. */
export const textOperations: Record<number, Operation> = {
  [op.decode]: {
    price: (_values, bytes) => bytes.length / 8,
    perform([encoding, fatal, ignoreBOM, stream], bytes) {
      const nodeName = nodeEncoding(encoding);
      if (nodeName !== undefined) {
        return {
          text: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(nodeName),
        };
      }
      const options = { fatal: fatal === true, ignoreBOM: ignoreBOM === true };
      const decoder = new TextDecoder(String(encoding ?? "utf-8"), options);
      return { text: decoder.decode(bytes, { stream: stream === true }) };
    },
  },
  [op.encode]: {
    price: ([, text]) => String(text ?? "").length / 8,
    perform: ([encoding, text]) =>
      new Uint8Array(Buffer.from(String(text ?? ""), nodeEncoding(encoding) ?? "utf8")),
  },
  [op.width]: {
    price: ([text]) => String(text ?? "").length * 20,
    perform: ([text]) => ({ value: widthOf(String(text ?? "")) }),
  },
};
