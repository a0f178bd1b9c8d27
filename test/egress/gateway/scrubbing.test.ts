import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Scrubber } from "../../../consumer/egress/scrub.ts";
import { get, recordGateway, secrets, textOf, threeHosts } from "../recorded_gateway.ts";

const secret = 's3cret/token+with="odd" chäråcters 🔑';

/** Encodings in which a service may echo a secret. */
const encodings: readonly (readonly [string, (text: string) => string])[] = [
  ["plain", (text) => text],
  ["JSON", (text) => JSON.stringify(text)],
  ["JSON with escaped slashes", (text) => JSON.stringify(text).replaceAll("/", "\\/")],
  ["JSON in ASCII", (text) => escapeAscii(text)],
  ["percent-encoded", (text) => encodeURIComponent(text)],
  ["percent-encoded in lower case", (text) => encodeURIComponent(text).toLowerCase()],
  [
    "percent-encoded in every byte",
    (text) => Buffer.from(text).toString("hex").replace(/../g, "%$&"),
  ],
  ["a form field", (text) => new URLSearchParams({ text }).toString()],
  ["a query of a URL", (text) => new URL(`https://x/?${text}`).search],
  ["HTML", (text) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;")],
  ["HTML with numeric entities", (text) => text.replaceAll('"', "&#34;").replaceAll("/", "&#x2F;")],
  ["hexadecimal", (text) => Buffer.from(text).toString("hex")],
  ["base64", (text) => Buffer.from(text).toString("base64")],
  ["base64 after one byte", (text) => Buffer.from(`:${text}`).toString("base64")],
  ["base64 after two bytes", (text) => Buffer.from(`u:${text}`).toString("base64")],
  ["base64 in the middle", (text) => Buffer.from(`user:${text}:end`).toString("base64")],
  ["base64 in lines", (text) => base64Lines(text, "\r\n")],
  ["base64 in lines inside JSON", (text) => JSON.stringify(base64Lines(text, "\n")).slice(1, -1)],
  ["base64 in indented lines", (text) => base64Lines(text, "\n    ")],
  ["HTML names", (text) => text.replaceAll("/", "&sol;").replaceAll("+", "&plus;")],
  ["HTML with every character as a number", (text) => entitiesOf(text, 10)],
  ["HTML with every character in hexadecimal", (text) => entitiesOf(text, 16)],
  ["hexadecimal with colons", (text) => hexBytes(text).join(":")],
  ["hexadecimal with spaces", (text) => hexBytes(text).join(" ")],
  [
    "hexadecimal numbers",
    (text) =>
      hexBytes(text)
        .map((byte) => `0x${byte}`)
        .join(", "),
  ],
  [
    "escaped bytes",
    (text) =>
      hexBytes(text)
        .map((byte) => `\\x${byte}`)
        .join(""),
  ],
  ["escaped code points", (text) => [...text].map((char) => `\\u{${codeIn(char, 16)}}`).join("")],
  ["quoted-printable", (text) => quotedPrintable(text)],
  ["lower case", (text) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())],
  ["upper case", (text) => text.replace(/[a-z]/g, (letter) => letter.toUpperCase())],
  ["JSON inside JSON", (text) => JSON.stringify(JSON.stringify(text))],
  ["base64url", (text) => Buffer.from(text).toString("base64url")],
  ["base64 in a query", (text) => encodeURIComponent(Buffer.from(text).toString("base64"))],
];

const hexBytes = (text: string): string[] => Buffer.from(text).toString("hex").match(/../g) ?? [];
const codeIn = (char: string, base: number): string => char.codePointAt(0)?.toString(base) ?? "";
const entitiesOf = (text: string, base: 10 | 16): string =>
  [...text].map((char) => `&#${base === 16 ? "x" : ""}${codeIn(char, base)};`).join("");
const quotedPrintable = (text: string): string =>
  [...Buffer.from(text).toString("latin1")]
    .map((char) => (/[=\x80-\xff]/.test(char) ? `=${codeIn(char, 16).toUpperCase()}` : char))
    .join("")
    .replace(/.{12}(?!$)(?<!=.?)/g, "$&=\n");

/** Base64 in lines of equal length, as in mail. */
const base64Lines = (text: string, end: string): string =>
  Buffer.from(text).toString("base64").replace(/.{16}/g, `$&${end}`);

function escapeAscii(text: string): string {
  return Array.from(
    { length: text.length },
    (_, index) => `\\u${text.charCodeAt(index).toString(16).padStart(4, "0")}`,
  ).join("");
}

/** The scrubbed body, pushed in chunks of `size` bytes. */
function scrubChunked(scrubber: Scrubber, body: string, size: number): string {
  const bytes = Buffer.from(body);
  const stream = scrubber.createStream();
  const parts: Uint8Array[] = [];
  for (let offset = 0; offset < bytes.length; offset += size) {
    parts.push(stream.push(new Uint8Array(bytes.subarray(offset, offset + size))));
  }
  return Buffer.concat([...parts, stream.flush()]).toString();
}

/** Characters around the encoded secret, such as the base64 of `user:`. */
const edgeCharsMax = 14;

describe.each(encodings)("a secret encoded as %s", (_, encode) => {
  const body = `before ${encode(secret)} after`;
  test.each([1, 2, 3, 7, 64, 100_000])("is removed from chunks of %i bytes", (size) => {
    const clean = scrubChunked(new Scrubber([secret]), body, size);
    expect(clean).toContain("[redacted]");
    expect(clean.startsWith("before ")).toBe(true);
    expect(clean.endsWith(" after")).toBe(true);
    const scrubbedChars = clean.replace("[redacted]", "").length - "before  after".length;
    expect(scrubbedChars).toBeLessThanOrEqual(edgeCharsMax);
  });
});

test("a secret that starts with another secret is removed completely", () => {
  const scrubber = new Scrubber(["abcd1234", "abcd1234-longer"]);
  for (const size of [1, 8, 9, 50]) {
    expect(scrubChunked(scrubber, "x abcd1234-longer y abcd1234 z", size)).toBe(
      "x [redacted] y [redacted] z",
    );
  }
});

/** Secrets whose longest encoded form, in bytes, is exactly what a stream holds back. */
test.each([
  ["<<<<", (text: string) => text.replaceAll("<", "&#x003c;")],
  ["ab", (text: string) => escapeAscii(text)],
] as const)(
  "the longest form of %s is removed for every split into two chunks",
  (value, encode) => {
    const body = `before ${encode(value)} after`;
    for (let offset = 1; offset < body.length; offset += 1) {
      const stream = new Scrubber([value]).createStream();
      const chunks = [body.slice(0, offset), body.slice(offset)].map((text) => Buffer.from(text));
      const clean = [...chunks.map((chunk) => stream.push(new Uint8Array(chunk))), stream.flush()];
      expect(Buffer.concat(clean).toString()).toBe("before [redacted] after");
    }
  },
);

test("bytes that are not text pass unchanged", () => {
  const bytes = Uint8Array.from({ length: 4_096 }, (_, index) => (index * 7) % 256);
  const stream = new Scrubber([secret]).createStream();
  expect(Buffer.concat([stream.push(bytes), stream.flush()]).equals(Buffer.from(bytes))).toBe(true);
});

test("a secret is removed for any chunk size", () => {
  const secretText = fc.string({ minLength: 8, maxLength: 20, unit: "binary" });
  fc.assert(
    fc.property(
      secretText,
      fc.string({ maxLength: 30 }),
      fc.integer({ min: 1, max: 60 }),
      (value, surroundings, size) => {
        fc.pre(!surroundings.includes(value) && value.isWellFormed() && value !== "[redacted]");
        const clean = scrubChunked(
          new Scrubber([value]),
          surroundings + value + surroundings + value,
          size,
        );
        expect(clean).toBe(`${surroundings}[redacted]${surroundings}[redacted]`);
      },
    ),
    { numRuns: 20 },
  );
}, 20_000);

test("an echoed credential is removed from the response's body and headers", async () => {
  const { gateway } = recordGateway(
    threeHosts,
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

test("a secret of one host is removed from another host's response", async () => {
  const { gateway } = recordGateway(threeHosts, () => new Response(`leaked ${secrets.TOKEN}`));
  const response = await gateway.fetch(get("https://open.example.com/"));
  expect(textOf(response)).toBe("leaked [redacted]");
});
