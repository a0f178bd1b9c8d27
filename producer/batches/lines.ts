/** Splits a stream of bytes into lines, in bounded memory. A newline is never part of a longer UTF-8 sequence. */

/**
 * A line without its newline, one too long to hold, or the place where the stream became too long and
 * reading ended. Lines count from 1; blank ones are passed over.
 */
export type Line =
  | { kind: "line"; number: number; bytes: Uint8Array }
  | { kind: "too_long"; number: number }
  | { kind: "too_much"; number: number };

const newline = 0x0a;

export async function* readLines(
  stream: AsyncIterable<Uint8Array>,
  limits: { bytesMax: number; lineBytesMax: number },
): AsyncGenerator<Line> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let total = 0;
  let number = 1;
  const keep = (part: Uint8Array) => {
    heldBytes += part.byteLength;
    if (heldBytes > limits.lineBytesMax) held = [];
    else if (part.byteLength > 0) held.push(part);
  };
  const take = (): Line | null => {
    const bytes = heldBytes > limits.lineBytesMax ? null : joined(held, heldBytes);
    held = [];
    heldBytes = 0;
    if (bytes === null) return { kind: "too_long", number };
    return isBlank(bytes) ? null : { kind: "line", number, bytes };
  };
  for await (const chunk of stream) {
    total += chunk.byteLength;
    if (total > limits.bytesMax) {
      yield { kind: "too_much", number };
      return;
    }
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(newline, from);
      keep(chunk.subarray(from, end === -1 ? chunk.byteLength : end));
      if (end === -1) break;
      const line = take();
      if (line !== null) yield line;
      number++;
      from = end + 1;
    }
  }
  const last = take();
  if (last !== null) yield last;
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}

/** Spaces, tabs and the carriage return that some systems end lines with. */
const isBlank = (bytes: Uint8Array): boolean =>
  bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
