/**
 * Parses a pattern that the runtime accepts with the flag `u`. So it need not look for syntax errors, and
 * one character can be tested by the runtime itself.
 */

/** `set` matches one character; `native` and `linear` are its source for the runtime and for RE2. */
export type PatternNode =
  | { kind: "set"; native: RegExp; linear: string | null }
  | { kind: "start" | "end"; multiline: boolean }
  | { kind: "boundary" | "notBoundary" }
  | { kind: "sequence" | "choice"; parts: PatternNode[] }
  | { kind: "repeat"; part: PatternNode; min: number; max: number; lazy: boolean }
  | { kind: "group"; part: PatternNode; index: number }
  | { kind: "look"; part: PatternNode; behind: boolean; negative: boolean }
  | { kind: "back"; groups: () => readonly number[]; ignoreCase: boolean };

export function parsePattern(pattern: string): PatternNode {
  return new PatternParser(pattern).choice("");
}

const lookKinds = [
  ["(?=", false, false],
  ["(?!", false, true],
  ["(?<=", true, false],
  ["(?<!", true, true],
] as const;

class PatternParser {
  #position = 0;
  #groups = 0;
  readonly #names = new Map<string, number[]>();

  readonly pattern: string;

  constructor(pattern: string) {
    this.pattern = pattern;
  }

  #take(sticky: RegExp): RegExpExecArray | null {
    sticky.lastIndex = this.#position;
    const match = sticky.exec(this.pattern);
    if (match !== null) this.#position += match[0].length;
    return match;
  }

  choice(flags: string): PatternNode {
    const parts = [this.#sequence(flags)];
    while (this.#take(/\|/y)) parts.push(this.#sequence(flags));
    const [only] = parts;
    return parts.length === 1 && only !== undefined ? only : { kind: "choice", parts };
  }

  #sequence(flags: string): PatternNode {
    const parts: PatternNode[] = [];
    while (
      this.#position < this.pattern.length &&
      !"|)".includes(this.pattern.charAt(this.#position))
    ) {
      parts.push(this.#withQuantifier(this.#atom(flags)));
    }
    return { kind: "sequence", parts };
  }

  #withQuantifier(part: PatternNode): PatternNode {
    const match = this.#take(/(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})(\??)/y);
    if (match === null) return part;
    const [, sign, least = "0", comma, most = "", lazy] = match;
    const min = sign === undefined ? Number(least) : Number(sign === "+");
    const maximum = comma === undefined ? Number(least) : most === "" ? Infinity : Number(most);
    const max = sign === undefined ? maximum : sign === "?" ? 1 : Infinity;
    return { kind: "repeat", part, min, max, lazy: lazy === "?" };
  }

  #atom(flags: string): PatternNode {
    const multiline = flags.includes("m");
    if (this.#take(/\^/y)) return { kind: "start", multiline };
    if (this.#take(/\$/y)) return { kind: "end", multiline };
    if (this.#take(/\\b/y)) return { kind: "boundary" };
    if (this.#take(/\\B/y)) return { kind: "notBoundary" };
    if (this.pattern.startsWith("(", this.#position)) return this.#group(flags);
    const backreference = this.#take(/\\(?:([1-9]\d*)|k<([^>]*)>)/y);
    if (backreference !== null) {
      const [, number, name = ""] = backreference;
      const groups = () =>
        number === undefined ? (this.#names.get(name) ?? []) : [Number(number)];
      return { kind: "back", groups, ignoreCase: flags.includes("i") };
    }
    const set = this.#take(characterSet);
    if (set === null) throw new Error(`unsupported pattern at character ${this.#position}`);
    return setNode(set[0], flags);
  }

  #group(flags: string): PatternNode {
    for (const [opening, behind, negative] of lookKinds) {
      if (!this.pattern.startsWith(opening, this.#position)) continue;
      this.#position += opening.length;
      return { kind: "look", part: this.#inside(flags), behind, negative };
    }
    const groupStart = this.#take(/\(\?([ims]*)(?:-([ims]*))?:/y);
    if (groupStart !== null) {
      const [, added = "", removed = ""] = groupStart;
      const newFlags = [...flags].filter(
        (flag) => !removed.includes(flag) && !added.includes(flag),
      );
      return this.#inside(added + newFlags.join(""));
    }
    const [, name] = this.#take(/\((?:\?<([^>]*)>)?/y) ?? [];
    this.#groups += 1;
    const index = this.#groups;
    if (name !== undefined) this.#names.set(name, [...(this.#names.get(name) ?? []), index]);
    return { kind: "group", part: this.#inside(flags), index };
  }

  #inside(flags: string): PatternNode {
    const part = this.choice(flags);
    this.#position += 1;
    return part;
  }
}

/** A class, an escape, a surrogate pair or a character. */
const characterSet =
  /\[(?:\\[\s\S]|[^\]\\])*\]|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u\{[0-9a-fA-F]+\}|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\c[A-Za-z]|\\[pP]\{[^}]*\}|\\[\s\S]|[^\\]/uy;

function setNode(source: string, flags: string): PatternNode {
  const flagged = flags === "" ? source : `(?${flags}:${source})`;
  const native = new RegExp(`^(?:${flagged})$`, flags.includes("s") ? "us" : "u");
  return { kind: "set", native, linear: flags === "" ? linearSet(source) : null };
}

const spaces =
  "\\t-\\r \\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}";
const any = "\\x{0}-\\x{10ffff}";

/** The set as RE2 writes it; null for what RE2 does not have, such as a property or a lone surrogate. */
function linearSet(source: string): string | null {
  if (source === ".") return "[^\\n\\r\\x{2028}\\x{2029}]";
  if (source === "[]") return `[^${any}]`;
  if (source === "[^]") return `[${any}]`;
  const body = /^\[(\^?)([\s\S]*)\]$/.exec(source);
  const parts = (body?.[2] ?? source).match(new RegExp(`${characterSet.source}|-`, "gu")) ?? [];
  const members = parts.map((part, index) => {
    const isRange = part === "-" && body !== null && index > 0 && index < parts.length - 1;
    return isRange ? "-" : linearMember(part);
  });
  if (members.includes(null)) return null;
  return `[${body?.[1] ?? ""}${members.join("")}]`;
}

const controls: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, b: 8, 0: 0 };

function linearMember(part: string): string | null {
  if (/^\\[dDwW]$/.test(part)) return part;
  if (part === "\\s") return spaces;
  if (part === "\\S" || /^\\[pP]/.test(part)) return null;
  const code = codeOf(part);
  return code >= 0xd800 && code <= 0xdfff ? null : `\\x{${code.toString(16)}}`;
}

function codeOf(part: string): number {
  if (!part.startsWith("\\")) return part.codePointAt(0) ?? 0;
  const hex = [...part.matchAll(/[ux]\{?([0-9a-fA-F]+)/g)].map(([, digits = ""]) => digits);
  const [high = "", low] = hex;
  if (low !== undefined) {
    return (
      String.fromCharCode(Number.parseInt(high, 16), Number.parseInt(low, 16)).codePointAt(0) ?? 0
    );
  }
  if (high !== "") return Number.parseInt(high, 16);
  if (/^\\c[A-Za-z]$/.test(part)) return part.charCodeAt(2) % 32;
  return controls[part.charAt(1)] ?? part.codePointAt(1) ?? 0;
}
