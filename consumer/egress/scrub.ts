/**
 * Removes injected secrets from what comes back: as they are, percent-encoded, escaped as
 * in JSON or HTML, in hexadecimal, and in base64 or base64url at any of the three
 * alignments, so that `base64("user:" + secret)` is found too, also broken into lines. It works on bytes, and
 * across chunk borders by holding back as many bytes as the longest form may need.
 */
import { Buffer } from "node:buffer";

const mask = "[redacted]";
/** Shorter cores would be found by accident in ordinary base64. */
const base64CharsMin = 4;
const hexBytesMin = 4;

/** A pattern over bytes, each byte one character, and the most bytes that it matches. */
interface Form {
  source: string;
  bytesMax: number;
}

export class Scrubber {
  readonly #pattern: RegExp | null;
  readonly #bytesMax: number;

  /** `secrets` are values; empty ones are passed over. */
  constructor(secrets: readonly string[]) {
    const forms = [...new Set(secrets)]
      .filter((secret) => secret !== "")
      .flatMap(formsOf)
      // The longest first: of two secrets, one may begin with the other.
      .sort((a, b) => b.bytesMax - a.bytesMax);
    this.#bytesMax = forms[0]?.bytesMax ?? 0;
    this.#pattern =
      forms.length === 0 ? null : new RegExp(forms.map((form) => form.source).join("|"), "g");
  }

  /** A header's value or a line of text. */
  text(value: string): string {
    if (this.#pattern === null) return value;
    // Most headers are ASCII, whose bytes are its characters.
    if (ascii.test(value)) return value.replace(this.#pattern, mask);
    const bytes = Buffer.from(value, "utf8").toString("latin1");
    const clean = bytes.replace(this.#pattern, mask);
    // Runtimes differ in whether a header's bytes above 127 arrive decoded.
    return (clean === bytes ? value : Buffer.from(clean, "latin1").toString("utf8")).replace(
      this.#pattern,
      mask,
    );
  }

  /** A body that is there as a whole; the same bytes where nothing is to be removed. */
  whole(bytes: Uint8Array): Uint8Array {
    if (this.#pattern === null) return bytes;
    const text = latin1(bytes);
    const clean = text.replace(this.#pattern, mask);
    return clean === text ? bytes : Buffer.from(clean, "latin1");
  }

  /** For one body: `push` each chunk, then `flush`; what they answer, joined, is the clean body. */
  stream(): { push(chunk: Uint8Array): Uint8Array; flush(): Uint8Array } {
    const pattern = this.#pattern;
    if (pattern === null) return { push: (chunk) => chunk, flush: () => new Uint8Array() };
    const bytesMax = this.#bytesMax;
    let held = "";
    const clean = (decided: number): Uint8Array => {
      // A match that starts at or after `decided` may still grow with the next chunk.
      const parts: string[] = [];
      let at = 0;
      for (const match of held.matchAll(pattern)) {
        if (match.index >= decided) break;
        parts.push(held.slice(at, match.index), mask);
        at = match.index + match[0].length;
      }
      const end = Math.max(at, decided);
      parts.push(held.slice(at, end));
      held = held.slice(end);
      return Buffer.from(parts.join(""), "latin1");
    };
    return {
      push(chunk) {
        held += latin1(chunk);
        return clean(Math.max(0, held.length - bytesMax + 1));
      },
      flush: () => clean(held.length),
    };
  }
}

const ascii = /^[\0-\x7f]*$/;

const latin1 = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString("latin1");

function formsOf(secret: string): Form[] {
  const bytes = new TextEncoder().encode(secret);
  const base64 = [0, 1, 2]
    .map((offset) => base64Core(bytes, offset))
    .filter((core) => core.length >= base64CharsMin)
    .map((core) => join(Array.from(core, base64Char), lineBreak));
  const hex = bytes.length < hexBytesMin ? [] : [join(Array.from(bytes, hexByte))];
  return [join(Array.from(secret, character)), ...base64, ...hex];
}

/** Mail and command lines break base64 into lines; JSON writes the break as two letters. */
const lineBreak: Form = { source: "(?:\\r?\\n|(?:\\\\r)?\\\\n)?", bytesMax: 4 };
const nothing: Form = { source: "", bytesMax: 0 };

function join(forms: readonly Form[], between: Form = nothing): Form {
  return {
    source: forms.map((form) => form.source).join(between.source),
    bytesMax: forms.reduce((sum, form) => sum + form.bytesMax + between.bytesMax, 0),
  };
}

/**
 * The characters of base64 that depend on the secret alone, whatever stands before
 * (`offset` bytes, modulo 3) and behind it.
 */
function base64Core(secret: Uint8Array, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), secret]).toString("base64");
  return text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + secret.length) * 8) / 6));
}

function base64Char(char: string): Form {
  if (char === "+") return oneOf(["\\+", "-", "%2[bB]"], 3);
  if (char === "/") return oneOf(["/", "_", "%2[fF]", "\\\\/"], 3);
  return { source: char, bytesMax: 1 };
}

function hexByte(byte: number): Form {
  return { source: hexDigits(byte, 2), bytesMax: 2 };
}

const entities: Readonly<Record<string, string>> = {
  "&": "amp",
  "<": "lt",
  ">": "gt",
  '"': "quot",
  "'": "apos",
};

/** One character of the secret in every spelling that a service may give it. */
function character(char: string): Form {
  const code = char.codePointAt(0) ?? 0;
  const bytes = Array.from(new TextEncoder().encode(char));
  const units = Array.from({ length: char.length }, (_, index) => char.charCodeAt(index));
  const spellings = [
    bytes.map((byte) => `(?:${literal(byte)}|%${hexDigits(byte, 2)})`).join(""),
    units.map((unit) => `\\\\u${hexDigits(unit, 4)}`).join(""),
  ];
  let bytesMax = Math.max(bytes.length * 3, units.length * 6);
  if (char === " ") spellings.push("\\+");
  if (char === '"' || char === "\\" || char === "/") spellings.push(`\\\\${literal(code)}`);
  if (!/[A-Za-z0-9]/.test(char)) {
    spellings.push(`&#0{0,2}${code};`, `&#[xX]0{0,2}${hexDigits(code, 2)};`);
    bytesMax = Math.max(bytesMax, code.toString().length + 5, code.toString(16).length + 6);
  }
  const entity = entities[char];
  if (entity !== undefined) spellings.push(`&${entity};`);
  return oneOf(spellings, bytesMax);
}

const oneOf = (sources: readonly string[], bytesMax: number): Form => ({
  source: `(?:${sources.join("|")})`,
  bytesMax,
});

const literal = (byte: number): string => `\\x${byte.toString(16).padStart(2, "0")}`;

/** A number in hexadecimal, in either letter case. */
function hexDigits(value: number, length: number): string {
  return value
    .toString(16)
    .padStart(length, "0")
    .replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
}
