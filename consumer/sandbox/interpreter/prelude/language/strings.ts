import { define } from "../bridge.ts";

/** Replaces string methods whose engine version uses far too much memory. */
export function installStrings(): void {
  installReplace();
  installCharacters();
}

/** The engine keeps every match until the end; this version builds the text step by step. */
function installReplace(): void {
  const native = RegExp.prototype[Symbol.replace];
  const { exec } = RegExp.prototype;
  const method = {
    [Symbol.replace](this: RegExp, text: unknown, replacement: unknown): string {
      const flags = this.flags;
      if (!flags.includes("g") || flags.includes("y") || this.exec !== exec)
        return native.call(this, text as string, replacement as never);
      const source = String(text);
      const work =
        typeof replacement === "function"
          ? (replacement as (...values: unknown[]) => unknown)
          : null;
      const template = work === null ? String(replacement) : "";
      const isPlain = !template.includes("$");
      const isUnicode = /[uv]/.test(flags);
      this.lastIndex = 0;
      let result = "";
      let position = 0;
      for (let match = exec.call(this, source); match !== null; match = exec.call(this, source)) {
        const [whole] = match;
        if (match.index > position) result += source.slice(position, match.index);
        if (work !== null) result += call(work, match, source);
        else result += isPlain ? template : expand(template, match, source);
        position = match.index + whole.length;
        if (whole === "") {
          const pair = isUnicode && (source.codePointAt(this.lastIndex) ?? 0) > 0xffff;
          this.lastIndex += pair ? 2 : 1;
        }
      }
      return position === 0 ? result + source : result + source.slice(position);
    },
  };
  Object.defineProperty(method[Symbol.replace], "name", { value: "[Symbol.replace]" });
  define(RegExp.prototype, { [Symbol.replace as never]: method[Symbol.replace] });
  Object.defineProperty(RegExp.prototype, Symbol.replace, {
    value: method[Symbol.replace],
    writable: true,
    configurable: true,
  });
}

function call(
  work: (...values: unknown[]) => unknown,
  match: RegExpExecArray,
  source: string,
): string {
  const groups = match.groups;
  if (match.length === 1 && groups === undefined)
    return String(work(match[0], match.index, source));
  return String(
    groups === undefined
      ? work(...match, match.index, source)
      : work(...match, match.index, source, groups),
  );
}

/** A replacement's `$` forms, by the language's own rules. */
function expand(template: string, match: RegExpExecArray, source: string): string {
  const [whole] = match;
  return template.replaceAll(
    /\$(?:\$|&|`|'|(\d\d?)|<([^>]*)>)/g,
    (form: string, digits?: string, name?: string) => {
      if (form === "$$") return "$";
      if (form === "$&") return whole;
      if (form === "$`") return source.slice(0, match.index);
      if (form === "$'") return source.slice(match.index + whole.length);
      if (name !== undefined)
        return match.groups === undefined ? form : String(match.groups[name] ?? "");
      const two = Number(digits);
      if (two >= 1 && two < match.length) return match[two] ?? "";
      const group = Number(digits?.[0]);
      if (digits?.length === 2 && group >= 1 && group < match.length)
        return (match[group] ?? "") + digits[1];
      return form;
    },
  );
}

const table: string[] = [];
const longText = 4_096;
const nativeIterator = String.prototype[Symbol.iterator];

/** A list of this length, allocated at once: the engine's lists otherwise grow by copying themselves. */
function listOfLength(length: number): unknown[] {
  return (Array.prototype as unknown as { toReversed(): unknown[] }).toReversed.call(
    new Uint8Array(length) as never,
  );
}

/** The characters of a text. Equal characters share one string, since a long text has few different ones. */
export function charactersOf(text: string): string[] {
  if (text.length < longText) return [...text];
  const wide = /[\ud800-\udbff][\udc00-\udfff]/.test(text);
  if (wide) return Array.from(text);
  return unitsOf(text);
}

function unitsOf(text: string): string[] {
  const list = listOfLength(text.length) as string[];
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    list[index] = code < 256 ? (table[code] as string) : text.charAt(index);
  }
  return list;
}

function installCharacters(): void {
  for (let code = 0; code < 256; code += 1) table.push(String.fromCharCode(code));
  const { split } = String.prototype;
  const { from } = Array;
  define(String.prototype, {
    split(this: string, separator: unknown, limit?: number) {
      const isPlain = separator === "" && typeof this === "string" && limit === undefined;
      if (isPlain && this.length >= longText) return unitsOf(this);
      return split.call(this, separator as never, limit);
    },
  });
  define(Array, {
    from(this: unknown, source: unknown, ...rest: []) {
      const isText =
        typeof source === "string" &&
        source.length >= longText &&
        rest.length === 0 &&
        this === Array;
      if (isText && !/[\ud800-\udbff]/.test(source)) return unitsOf(source);
      return (from as (...values: unknown[]) => unknown).call(this, source, ...rest);
    },
  });
  const method = {
    [Symbol.iterator](this: string) {
      if (typeof this !== "string" || this.length < longText) return nativeIterator.call(this);
      return characters(this);
    },
  };
  Object.defineProperty(String.prototype, Symbol.iterator, {
    value: method[Symbol.iterator],
    writable: true,
    configurable: true,
  });
}

const iteratorPrototype = Object.getPrototypeOf(""[Symbol.iterator]());

function characters(text: string): IterableIterator<string> {
  let position = 0;
  const iterator = Object.create(iteratorPrototype);
  return Object.defineProperty(iterator, "next", {
    configurable: true,
    value: () => {
      if (position >= text.length) return { value: undefined, done: true };
      const code = text.charCodeAt(position);
      if (code < 256) {
        position += 1;
        return { value: table[code], done: false };
      }
      const value = String.fromCodePoint(text.codePointAt(position) as number);
      position += value.length;
      return { value, done: false };
    },
  });
}
