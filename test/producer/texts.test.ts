import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Line, readLines } from "../../producer/batches/lines.ts";
import { faultOf, nesting, parseJson } from "../../producer/http/json_text.ts";
import { canonical } from "../../producer/tasks/canonical.ts";
import { nearest } from "../../shared/nearest.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

/** JSON with one character replaced, removed or added: mostly broken, sometimes not. */
const nearlyJson = fc
  .tuple(
    fc.json({ maxDepth: 3 }),
    fc.nat(),
    fc.constantFrom("", ",", "}", "]", '"', "x", "1", "\\", "\n"),
  )
  .map(([text, at, char]) => {
    const place = at % (text.length + 1);
    return text.slice(0, place) + char + text.slice(place + (at % 2));
  });

describe("the place where JSON breaks", () => {
  it("is found in every text that JSON.parse refuses, and in no other", () => {
    fc.assert(
      fc.property(nearlyJson, (text) => {
        expect(parseJson(text, 64).ok).toBe(isJson(text));
        expect(faultOf(text).includes("expected JSON, found")).toBe(isJson(text));
      }),
      { numRuns: 500 },
    );
  });

  it("is never after text that could still become JSON", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 3 }), fc.nat(), (text, cut) => {
        const begun = text.slice(0, cut % text.length);
        if (isJson(begun)) return;
        const position = Number(/position (\d+)/.exec(faultOf(begun))?.[1]);
        expect(position).toBeLessThanOrEqual(begun.length);
      }),
    );
  });

  it.each([
    ["{", 1],
    ['"[[["', 0],
    ['["\\"[", []]', 2],
    ["[{},[[]]]", 3],
  ])("the nesting of %s is %i", (text, depth) => {
    expect(nesting(text)).toBe(depth);
  });
});

describe("lines of a stream", () => {
  const limits = { bytesMax: 1_000, lineBytesMax: 20 };

  async function read(chunks: readonly Uint8Array[]): Promise<Line[]> {
    const lines: Line[] = [];
    for await (const line of readLines(streamOf(chunks), limits)) lines.push(line);
    return lines;
  }

  it("are the same however the stream is cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom("", "  ", "a", "grün", "x".repeat(20), "y".repeat(21)), {
          maxLength: 8,
        }),
        fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 9 }),
        async (texts, sizes) => {
          const bytes = encoder.encode(texts.join("\n"));
          const whole = await read([bytes]);
          expect(await read(cut(bytes, sizes))).toEqual(whole);
          const expected = texts.flatMap((text, index): string[] =>
            text.trim() === "" ? [] : [`${index + 1}:${text.length > 20 ? "too_long" : text}`],
          );
          expect(whole.map(spell)).toEqual(expected);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("end where the stream is too long", async () => {
    const lines = await read(Array(60).fill(encoder.encode("aaaaaaaaaaaaaaaaaaa\n")));
    expect(lines.at(-1)).toEqual({ kind: "too_much", number: 51 });
    expect(lines).toHaveLength(51);
  });

  const spell = (line: Line): string =>
    `${line.number}:${line.kind === "line" ? decoder.decode(line.bytes) : line.kind}`;
});

async function* streamOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0, turn = 0; at < bytes.byteLength; turn++) {
    const size = (sizes[turn % sizes.length] ?? 0) + 1;
    chunks.push(bytes.slice(at, at + size));
    at += size;
  }
  return chunks;
}

describe("canonical JSON", () => {
  it("says the same and does not depend on the order of keys", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.dictionary(fc.string(), fc.jsonValue()), (value, object) => {
        expect(JSON.parse(canonical(value))).toEqual(JSON.parse(JSON.stringify(value)));
        const turned = Object.fromEntries(Object.entries(object).reverse());
        expect(canonical(turned)).toBe(canonical(object));
      }),
    );
  });
});

describe("the name that was meant", () => {
  it.each([
    ["promt", "prompt"],
    ["PROMPT", "prompt"],
    ["modle", "model"],
    ["customid", "custom_id"],
    ["qqqqqq", null],
    ["x", null],
  ])("by %s is %s", (name, meant) => {
    expect(nearest(name, ["prompt", "model", "messages", "custom_id"])).toBe(meant);
  });
});
