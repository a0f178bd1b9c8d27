/** Splits a stream of bytes into lines in bounded memory. A newline byte is never part of a longer UTF-8 sequence. */

import { ByteCollector } from "./byte_collector.ts";

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
  const parts = new ByteCollector();
  let lineBytes = 0;
  let total = 0;
  let number = 1;
  const append = (part: Uint8Array) => {
    lineBytes += part.byteLength;
    if (lineBytes > lineBytesMax) parts.take();
    else parts.add(part);
  };
  const endLine = (): Line | null => {
    const bytes = lineBytes > lineBytesMax ? null : parts.take();
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
      const blank = lineBytes === 0 ? blankEnd(chunk, from) : { from, lines: 0 };
      number += blank.lines;
      from = blank.from;
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

/** Where the blank lines of a chunk end that begin here, and how many they are: they make no value of their own. */
function blankEnd(chunk: Uint8Array, start: number): { from: number; lines: number } {
  let from = start;
  let lines = 0;
  for (let position = start; position < chunk.byteLength; position++) {
    const byte = chunk[position] ?? 0;
    if (byte === newline) {
      lines++;
      from = position + 1;
    } else if (!isSpace(byte)) break;
  }
  return { from, lines };
}

/** Spaces, tabs and the carriage return with which some systems end lines. */
const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0d;
const isBlank = (bytes: Uint8Array): boolean => bytes.every(isSpace);
