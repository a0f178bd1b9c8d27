import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Scrubber } from "../../consumer/egress/scrub.ts";
import { get, recorded, secrets, textOf, twoHosts } from "./recorded_gateway.ts";

const secret = 's3cret/token+with="odd" chäråcters 🔑';

/** What a service may make of a secret that it echoes. */
const spellings: readonly (readonly [string, (text: string) => string])[] = [
  ["plain", (text) => text],
  ["JSON", (text) => JSON.stringify(text)],
  ["JSON with escaped slashes", (text) => JSON.stringify(text).replaceAll("/", "\\/")],
  ["JSON in ASCII", (text) => escaped(text)],
  ["percent-encoded", (text) => encodeURIComponent(text)],
  ["percent-encoded in lower case", (text) => encodeURIComponent(text).toLowerCase()],
  ["percent-encoded whole", (text) => Buffer.from(text).toString("hex").replace(/../g, "%$&")],
  ["a form", (text) => new URLSearchParams({ text }).toString()],
  ["a URL's query", (text) => new URL(`https://x/?${text}`).search],
  ["HTML", (text) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;")],
  ["HTML with numbers", (text) => text.replaceAll('"', "&#34;").replaceAll("/", "&#x2F;")],
  ["hexadecimal", (text) => Buffer.from(text).toString("hex")],
  ["base64", (text) => Buffer.from(text).toString("base64")],
  ["base64 behind one byte", (text) => Buffer.from(`:${text}`).toString("base64")],
  ["base64 behind two bytes", (text) => Buffer.from(`u:${text}`).toString("base64")],
  ["base64 in the middle", (text) => Buffer.from(`user:${text}:end`).toString("base64")],
  ["base64 in lines", (text) => lined(text, "\r\n")],
  ["base64 in lines inside JSON", (text) => JSON.stringify(lined(text, "\n")).slice(1, -1)],
  ["base64url", (text) => Buffer.from(text).toString("base64url")],
  ["base64 in a query", (text) => encodeURIComponent(Buffer.from(text).toString("base64"))],
];

/** As mail and command lines write it, in lines of one length. */
const lined = (text: string, end: string): string =>
  Buffer.from(text).toString("base64").replace(/.{16}/g, `$&${end}`);

function escaped(text: string): string {
  return Array.from(
    { length: text.length },
    (_, index) => `\\u${text.charCodeAt(index).toString(16).padStart(4, "0")}`,
  ).join("");
}

/** The body after the scrubber, cut into chunks of one size. */
function scrubbed(scrubber: Scrubber, body: string, size: number): string {
  const bytes = Buffer.from(body);
  const clean = scrubber.stream();
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    parts.push(clean.push(new Uint8Array(bytes.subarray(at, at + size))));
  }
  return Buffer.concat([...parts, clean.flush()]).toString();
}

/** What stands around the secret in its spelling, such as the base64 of `user:`. */
const edgeCharsMax = 14;

describe.each(spellings)("a secret as %s", (_, spell) => {
  const body = `before ${spell(secret)} after`;
  test.each([1, 2, 3, 7, 64, 100_000])("is removed from chunks of %i bytes", (size) => {
    const clean = scrubbed(new Scrubber([secret]), body, size);
    expect(clean).toContain("[redacted]");
    expect(clean.startsWith("before ")).toBe(true);
    expect(clean.endsWith(" after")).toBe(true);
    const left = clean.replace("[redacted]", "").length - "before  after".length;
    expect(left).toBeLessThanOrEqual(edgeCharsMax);
  });
});

test("of two secrets of which one begins with the other, nothing of the longer stays", () => {
  const scrubber = new Scrubber(["abcd1234", "abcd1234-longer"]);
  for (const size of [1, 8, 9, 50]) {
    expect(scrubbed(scrubber, "x abcd1234-longer y abcd1234 z", size)).toBe(
      "x [redacted] y [redacted] z",
    );
  }
});

test("bytes that are no text come through unchanged", () => {
  const bytes = Uint8Array.from({ length: 4_096 }, (_, index) => (index * 7) % 256);
  const clean = new Scrubber([secret]).stream();
  expect(Buffer.concat([clean.push(bytes), clean.flush()]).equals(Buffer.from(bytes))).toBe(true);
});

test("no secret, however cut into chunks, comes through", () => {
  const secretText = fc.string({ minLength: 8, maxLength: 40, unit: "binary" });
  fc.assert(
    fc.property(
      secretText,
      fc.string({ maxLength: 30 }),
      fc.integer({ min: 1, max: 60 }),
      (value, around, size) => {
        fc.pre(!around.includes(value) && value.isWellFormed() && value !== "[redacted]");
        const clean = scrubbed(new Scrubber([value]), around + value + around + value, size);
        expect(clean).toBe(`${around}[redacted]${around}[redacted]`);
      },
    ),
    { numRuns: 50 },
  );
}, 20_000);

test("an echoed credential is removed from the answer's body and headers", async () => {
  const { gateway } = recorded(
    twoHosts,
    (sent) =>
      new Response(JSON.stringify({ seen: sent.headers.get("authorization") }), {
        headers: {
          "x-echo": sent.headers.get("authorization") ?? "",
          location: `/next?token=${encodeURIComponent(secrets.TOKEN ?? "")}`,
        },
      }),
  );
  const response = await gateway.fetch(get("https://api.example.com/v1/echo"));
  expect(textOf(response)).toBe('{"seen":"Bearer [redacted]"}');
  expect(response.headers).toContainEqual(["x-echo", "Bearer [redacted]"]);
  expect(response.headers).toContainEqual(["location", "/next?token=[redacted]"]);
});

test("a secret of one host is removed from another host's answer", async () => {
  const { gateway } = recorded(twoHosts, () => new Response(`leaked ${secrets.TOKEN}`));
  const response = await gateway.fetch(get("https://open.example.com/"));
  expect(textOf(response)).toBe("leaked [redacted]");
});
