/**
 * Removes injected secrets from responses: as plain text in any case, percent-encoded, quoted-printable, escaped
 * as in JSON, HTML or a program, in hexadecimal with or without separators, and in base64 or base64url at any of
 * the three alignments, with or without line breaks, so that `base64("user:" + secret)` is found too. It works on
 * bytes. For matches across chunks it holds back as many
 * bytes as the longest form needs.
 */
import { Buffer } from "node:buffer";

/** Shorter cores would match ordinary base64 by chance. */
const base64CharsMin = 4;
const hexBytesMin = 4;

/** A pattern over bytes (one character per byte), and the maximum number of bytes that it matches. */
interface Form {
  source: string;
  bytesMax: number;
}

export class Scrubber {
  readonly #pattern: RegExp | null;
  readonly #bytesMax: number;
  readonly #mask: string;

  /** `secrets` are values; empty ones are ignored. */
  constructor(secrets: readonly string[], mask = "[redacted]") {
    this.#mask = mask;
    const forms = [...new Set(secrets)]
      .filter((secret) => secret !== "")
      .flatMap(formsOf)
      // The longest comes first, because one secret may start with another.
      .sort((a, b) => b.bytesMax - a.bytesMax);
    this.#bytesMax = forms[0]?.bytesMax ?? 0;
    this.#pattern =
      forms.length === 0 ? null : new RegExp(forms.map((form) => form.source).join("|"), "g");
  }

  /** For a header value or a line of text. */
  scrubText(value: string): string {
    if (this.#pattern === null) return value;
    // Most headers are ASCII, whose bytes are its characters.
    if (ascii.test(value)) return value.replace(this.#pattern, this.#mask);
    const bytes = Buffer.from(value, "utf8").toString("latin1");
    const clean = bytes.replace(this.#pattern, this.#mask);
    // Runtimes differ in whether header bytes above 127 arrive decoded.
    return (clean === bytes ? value : Buffer.from(clean, "latin1").toString("utf8")).replace(
      this.#pattern,
      this.#mask,
    );
  }

  /** For a whole body; returns the same bytes when there is nothing to remove. */
  scrubBytes(bytes: Uint8Array): Uint8Array {
    if (this.#pattern === null) return bytes;
    const text = latin1(bytes);
    const clean = text.replace(this.#pattern, this.#mask);
    return clean === text ? bytes : Buffer.from(clean, "latin1");
  }

  /** For a streamed body: `push` each chunk, then `flush`; their results joined are the scrubbed body. */
  createStream(): { push(chunk: Uint8Array): Uint8Array; flush(): Uint8Array } {
    const pattern = this.#pattern;
    if (pattern === null) return { push: (chunk) => chunk, flush: () => new Uint8Array() };
    const bytesMax = this.#bytesMax;
    const mask = this.#mask;
    let buffer = "";
    const release = (border: number): Uint8Array => {
      // A match that starts at or after `border` may still grow with the next chunk.
      const parts: string[] = [];
      let offset = 0;
      for (const match of buffer.matchAll(pattern)) {
        if (match.index >= border) break;
        parts.push(buffer.slice(offset, match.index), mask);
        offset = match.index + match[0].length;
      }
      const end = Math.max(offset, border);
      parts.push(buffer.slice(offset, end));
      buffer = buffer.slice(end);
      return Buffer.from(parts.join(""), "latin1");
    };
    return {
      push(chunk) {
        buffer += latin1(chunk);
        return release(Math.max(0, buffer.length - bytesMax + 1));
      },
      flush: () => release(buffer.length),
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
  const hex = bytes.length < hexBytesMin ? [] : [join(Array.from(bytes, hexByte), hexSeparator)];
  return [join(Array.from(secret, character), softBreak), ...base64, ...hex];
}

/** Mail and command-line tools break base64 into lines, and may indent them; in JSON a break is two characters. */
const lineBreak: Form = { source: "(?:(?:\\r?\\n|(?:\\\\r)?\\\\n)[ \\t]{0,8})?", bytesMax: 12 };
/** Quoted-printable ends a line with `=`. */
const softBreak: Form = { source: "(?:=\\r?\\n)?", bytesMax: 3 };
const hexSeparator: Form = { source: "(?:[:,\\s-]{1,2}(?:0[xX])?)?", bytesMax: 4 };
const nothing: Form = { source: "", bytesMax: 0 };

function join(forms: readonly Form[], between: Form = nothing): Form {
  return {
    source: forms.map((form) => form.source).join(between.source),
    bytesMax: forms.reduce((sum, form) => sum + form.bytesMax + between.bytesMax, 0),
  };
}

/** The base64 characters that depend only on the secret, whatever precedes (`offset` bytes, modulo 3) or follows. */
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

/** HTML's names of the ASCII signs; letters and digits have none. */
const entities: Readonly<Record<string, string>> = {
  ...{ "&": "amp|AMP", "<": "lt|LT", ">": "gt|GT", '"': "quot|QUOT", "'": "apos", "!": "excl" },
  ...{ "#": "num", $: "dollar", "%": "percnt", "(": "lpar", ")": "rpar", "*": "ast|midast" },
  ...{ "+": "plus", ",": "comma", ".": "period", "/": "sol", ":": "colon", ";": "semi" },
  ...{ "=": "equals", "?": "quest", "@": "commat", "[": "lsqb|lbrack", "\\": "bsol" },
  ...{ "]": "rsqb|rbrack", "^": "Hat", _: "lowbar|UnderBar", "`": "grave|DiacriticalGrave" },
  ...{ "{": "lcub|lbrace", "|": "verbar|vert|VerticalLine", "}": "rcub|rbrace" },
};
const entityBytesMax = 18;

/** One character of the secret, in either case, in every escaped form that a service may return. */
function character(char: string): Form {
  const code = char.codePointAt(0) ?? 0;
  const bytes = Array.from(new TextEncoder().encode(char));
  const units = Array.from({ length: char.length }, (_, index) => char.charCodeAt(index));
  const codes = [...new Set([char, char.toLowerCase(), char.toUpperCase()])]
    .map((variant) => variant.codePointAt(0) ?? 0)
    .filter((variant) => variant === code || variant < 128);
  const spellings = [
    bytes.map(escapedByte).join(softBreak.source),
    units.map((unit) => `\\\\{1,4}u${hexDigits(unit, 4)}`).join(""),
    ...codes.flatMap((variant) => [
      `\\\\{1,4}u\\{0{0,4}${hexDigits(variant, 1)}\\}`,
      `&#0{0,4}${variant};?`,
      `&#[xX]0{0,4}${hexDigits(variant, 1)};?`,
    ]),
  ];
  if (char === " ") spellings.push("\\+");
  // JSON inside JSON escapes the escapes.
  if (char === '"' || char === "/") spellings.push(`\\\\{1,8}${literal(code)}`);
  if (char === "\\") spellings.push("\\\\\\\\");
  const entity = entities[char];
  if (entity !== undefined) spellings.push(`&(?:${entity});`);
  return oneOf(
    spellings,
    Math.max(bytes.length * (6 + softBreak.bytesMax), units.length * 10, entityBytesMax),
  );
}

/** A byte, percent-encoded, quoted-printable, or as in a program's text. */
function escapedByte(byte: number): string {
  const variants = [...new Set([byte, ...otherCase(byte)])];
  const encoded = variants.map((each) => hexDigits(each, 2)).join("|");
  return `(?:${variants.map(literal).join("|")}|(?:[%=]|\\\\{1,4}x)(?:${encoded}))`;
}

function otherCase(byte: number): number[] {
  const isLetter = (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122);
  return isLetter ? [byte ^ 32] : [];
}

const oneOf = (sources: readonly string[], bytesMax: number): Form => ({
  source: `(?:${sources.join("|")})`,
  bytesMax,
});

const literal = (byte: number): string => `\\x${byte.toString(16).padStart(2, "0")}`;

/** A number in hexadecimal, in either case. */
function hexDigits(value: number, length: number): string {
  return value
    .toString(16)
    .padStart(length, "0")
    .replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
}
