import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "../../shared/text/canonical_json.ts";
import { type Line, readLines } from "../../shared/text/lines.ts";
import { nearestName } from "../../shared/text/nearest.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

describe("lines of a stream", () => {
  const limits = { bytesMax: 1_000, lineBytesMax: 20 };

  async function read(chunks: readonly Uint8Array[]): Promise<Line[]> {
    const lines: Line[] = [];
    for await (const line of readLines(streamOf(chunks), limits)) lines.push(line);
    return lines;
  }

  it("lines do not depend on how the stream is split", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom("", "  ", "a", "grün", "x".repeat(20), "y".repeat(21)), {
          maxLength: 8,
        }),
        fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 9 }),
        async (texts, sizes) => {
          const bytes = encoder.encode(texts.join("\n"));
          const lines = await read([bytes]);
          expect(await read(split(bytes, sizes))).toEqual(lines);
          const expected = texts.flatMap((text, index): string[] =>
            text.trim() === "" ? [] : [`${index + 1}:${text.length > 20 ? "too_long" : text}`],
          );
          expect(lines.map(format)).toEqual(expected);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("lines end where the stream exceeds its limit", async () => {
    const lines = await read(Array(60).fill(encoder.encode("aaaaaaaaaaaaaaaaaaa\n")));
    expect(lines.at(-1)).toEqual({ kind: "too_much", number: 51 });
    expect(lines).toHaveLength(51);
  });

  const format = (line: Line): string =>
    `${line.number}:${line.kind === "line" ? decoder.decode(line.bytes) : line.kind}`;
});

async function* streamOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

function split(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let offset = 0, turn = 0; offset < bytes.byteLength; turn++) {
    const size = (sizes[turn % sizes.length] ?? 0) + 1;
    chunks.push(bytes.slice(offset, offset + size));
    offset += size;
  }
  return chunks;
}

describe("canonical JSON", () => {
  it("canonical JSON keeps the value and does not depend on the order of keys", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.dictionary(fc.string(), fc.jsonValue()), (value, object) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
        const reversed = Object.fromEntries(Object.entries(object).reverse());
        expect(canonicalJson(reversed)).toBe(canonicalJson(object));
      }),
    );
  });
});

describe("the nearest known name", () => {
  it.each([
    ["promt", "prompt"],
    ["PROMPT", "prompt"],
    ["modle", "model"],
    ["customid", "custom_id"],
    ["qqqqqq", null],
    ["x", null],
  ])("the nearest known name of %s is %s", (name, nearest) => {
    expect(nearestName(name, ["prompt", "model", "messages", "custom_id"])).toBe(nearest);
  });
});
