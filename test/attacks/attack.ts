/** Input that a stranger can choose, where it meets native code, and what it may cost the host. */
export interface Attack {
  /** The file whose code reads the input. */
  place: string;
  input: string;
  /** Makes the input, which is not part of the cost, and returns the work. */
  prepare: () => () => unknown;
}

export const hostCpuMsMax = 250;
export const hostBytesMax = 64_000_000;

/** The text repeated to at least so many characters. */
export const filled = (part: string, chars: number): string =>
  part.repeat(Math.ceil(chars / part.length));

/** 20 MB: more than any boundary takes at once. */
export const hugeChars = 20_000_000;

/** Different short names, separated by commas. */
export const names = (count: number): string =>
  Array.from({ length: count }, (_, at) => `_${at.toString(36)}`).join(",");

const encoder = new TextEncoder();

/** A stream of the text in chunks, as a body arrives. */
export function chunksOf(text: string, bytes = 65_536): AsyncGenerator<Uint8Array> {
  return cut(encoder.encode(text), bytes);
}

async function* cut(all: Uint8Array, bytes: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < all.byteLength; from += bytes) yield all.subarray(from, from + bytes);
}

/** How many items there are, up to a maximum, at which the reader stops. */
export async function drain(items: AsyncIterable<unknown>, max = Infinity): Promise<number> {
  let count = 0;
  for await (const _ of items) {
    count += 1;
    if (count >= max) break;
  }
  return count;
}

/** As a request's body. */
export const streamOf = (chunks: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> =>
  new ReadableStream({
    type: "bytes",
    async pull(controller) {
      const next = await chunks.next();
      if (next.done) controller.close();
      else controller.enqueue(next.value.slice());
    },
  });
