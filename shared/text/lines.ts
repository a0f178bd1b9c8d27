/** Splits a stream of bytes into lines in bounded memory. A newline byte is never part of a longer UTF-8 sequence. */

/**
 * A line without its newline, a line that is too long to hold, or the place where the stream became too
 * long and reading ended. Lines count from 1; blank lines are skipped.
 */
export type Line =
  | { kind: "line"; number: number; bytes: Uint8Array }
  | { kind: "too_long"; number: number }
  | { kind: "too_much"; number: number };

const newline = 0x0a;

export async function* readLines(
  stream: AsyncIterable<Uint8Array>,
  { bytesMax = Infinity, lineBytesMax = Infinity } = {},
): AsyncGenerator<Line> {
  let parts: Uint8Array[] = [];
  let lineBytes = 0;
  let total = 0;
  let number = 1;
  const append = (part: Uint8Array) => {
    lineBytes += part.byteLength;
    if (lineBytes > lineBytesMax) parts = [];
    else if (part.byteLength > 0) parts.push(part);
  };
  const endLine = (): Line | null => {
    const bytes = lineBytes > lineBytesMax ? null : concat(parts, lineBytes);
    parts = [];
    lineBytes = 0;
    if (bytes === null) return { kind: "too_long", number };
    return isBlank(bytes) ? null : { kind: "line", number, bytes };
  };
  for await (const chunk of stream) {
    total += chunk.byteLength;
    if (total > bytesMax) {
      yield { kind: "too_much", number };
      return;
    }
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(newline, from);
      append(chunk.subarray(from, end === -1 ? chunk.byteLength : end));
      if (end === -1) break;
      const line = endLine();
      if (line !== null) yield line;
      number++;
      from = end + 1;
    }
  }
  const last = endLine();
  if (last !== null) yield last;
}

function concat(parts: readonly Uint8Array[], size: number): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const bytes = new Uint8Array(size);
  let position = 0;
  for (const part of parts) {
    bytes.set(part, position);
    position += part.byteLength;
  }
  return bytes;
}

/** Spaces, tabs and the carriage return with which some systems end lines. */
const isBlank = (bytes: Uint8Array): boolean =>
  bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
