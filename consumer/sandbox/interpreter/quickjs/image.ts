/** The memory of a booted instance, and the pointers that stay valid in it. It is made when the sandbox is built. */
export interface Image {
  stack: number;
  runtime: number;
  context: number;
  dispatch: number;
  /** The parts of the memory that are not zero. */
  pieces: { offset: number; bytes: Uint8Array }[];
}

const pieceBytes = 4_096;
/** The module's data segments end below this address. */
const dataBytes = 131_072;
const headWords = 5;

/** The pieces of a memory that differ from zero. */
export function piecesOf(heap: Uint8Array): Image["pieces"] {
  const pieces: Image["pieces"] = [];
  for (let offset = 0; offset < heap.length; offset += pieceBytes) {
    // What a new instance's own data covers is always kept, or zeros there would be lost.
    const piece = heap.subarray(offset, offset + pieceBytes);
    if (offset >= dataBytes && piece.every((byte) => byte === 0)) continue;
    const last = pieces.at(-1);
    if (last && last.offset + last.bytes.length === offset) {
      last.bytes = heap.slice(last.offset, offset + pieceBytes);
    } else pieces.push({ offset, bytes: piece.slice() });
  }
  return pieces;
}

/** As one file: the pointers, where the pieces belong, and the pieces. */
export function writeImage(image: Image): Uint8Array {
  const { stack, runtime, context, dispatch, pieces } = image;
  const places = pieces.flatMap(({ offset, bytes }) => [offset, bytes.length]);
  const head = Uint32Array.of(stack, runtime, context, dispatch, pieces.length, ...places);
  const file = new Uint8Array(
    head.byteLength + pieces.reduce((sum, { bytes }) => sum + bytes.length, 0),
  );
  file.set(new Uint8Array(head.buffer));
  let end = head.byteLength;
  for (const { bytes } of pieces) {
    file.set(bytes, end);
    end += bytes.length;
  }
  return file;
}

/** The image in a file of `writeImage`, whose bytes it shares. */
export function readImage(file: ArrayBuffer): Image {
  const [stack = 0, runtime = 0, context = 0, dispatch = 0, count = 0] = new Uint32Array(
    file,
    0,
    headWords,
  );
  const places = new Uint32Array(file, headWords * 4, count * 2);
  const pieces: Image["pieces"] = [];
  let start = (headWords + count * 2) * 4;
  for (let n = 0; n < count; n += 1) {
    const length = places[n * 2 + 1] ?? 0;
    pieces.push({ offset: places[n * 2] ?? 0, bytes: new Uint8Array(file, start, length) });
    start += length;
  }
  return { stack, runtime, context, dispatch, pieces };
}

/** What a function may use of the stack below its frame, which is in no frame. */
const redZoneBytes = 4_096;

/**
 * Makes a memory the image again. Each byte is written once at most: the pieces, and zeros between and behind
 * them, but for the part of the stack below the lowest address that was used, which is zeros still.
 */
export function restore(heap: Uint8Array, { pieces, stack }: Image, lowest: number): void {
  let end = 0;
  for (const { offset, bytes } of pieces) {
    const hasStack = end < stack && stack <= offset + bytes.length;
    heap.fill(0, hasStack ? Math.max(end, lowest - redZoneBytes) : end, offset);
    heap.set(bytes, offset);
    end = offset + bytes.length;
  }
  heap.fill(0, end);
}
