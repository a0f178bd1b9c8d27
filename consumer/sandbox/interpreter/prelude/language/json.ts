import { op } from "../../protocol.ts";
import { ask, define } from "../bridge.ts";

type Reviver = (this: unknown, key: string, value: unknown, context?: object) => unknown;
type Replacer = ((this: unknown, key: string, value: unknown) => unknown) | unknown[] | null;

const { parse: parseNative, stringify: stringifyNative } = JSON;

/** What one value of a text is made from: its own text, or its parts. */
interface Source {
  text?: string;
  items?: Source[];
  fields?: Map<string, Source>;
  value?: unknown;
}

/** Reads the sources of the values of a text that is known to be JSON. */
class Scanner {
  readonly #text: string;
  #index = 0;
  constructor(text: string) {
    this.#text = text;
  }

  value(): Source {
    this.#skip();
    const first = this.#text[this.#index];
    if (first === "[") return { items: this.#list("]", () => this.value()) };
    if (first === "{") return { fields: new Map(this.#list("}", () => this.#field())) };
    return { text: first === '"' ? this.#string() : this.#word() };
  }
  #field(): [string, Source] {
    this.#skip();
    const name = parseNative(this.#string()) as string;
    this.#skip();
    this.#index += 1;
    return [name, this.value()];
  }
  #list<Item>(end: string, read: () => Item): Item[] {
    const list: Item[] = [];
    this.#index += 1;
    for (;;) {
      this.#skip();
      const mark = this.#text[this.#index];
      if (mark === end || mark === ",") this.#index += 1;
      if (mark === end) return list;
      list.push(read());
    }
  }
  #string(): string {
    const start = this.#index;
    let end = start;
    let slashes: number;
    do {
      end = this.#text.indexOf('"', end + 1);
      slashes = 0;
      while (this.#text[end - 1 - slashes] === "\\") slashes += 1;
    } while (slashes % 2 === 1);
    this.#index = end + 1;
    return this.#text.slice(start, this.#index);
  }
  #word(): string {
    const start = this.#index;
    while (/[-+.\w]/.test(this.#text[this.#index] ?? "")) this.#index += 1;
    return this.#text.slice(start, this.#index);
  }
  #skip(): void {
    while (" \t\n\r".includes(this.#text[this.#index] ?? "x")) this.#index += 1;
  }
}

/** Notes the value that each source became. */
function attach(source: Source, value: unknown): void {
  source.value = value;
  for (const [index, item] of (source.items ?? []).entries())
    attach(item, (value as unknown[])[index]);
  for (const [name, field] of source.fields ?? [])
    attach(field, Reflect.get(value as object, name));
}

/** Revives a value and what is in it. A source counts as long as the value is still the one that it became. */
function revive(holder: object, key: string, reviver: Reviver, source?: Source): unknown {
  const value: unknown = Reflect.get(holder, key);
  const own = source !== undefined && Object.is(source.value, value) ? source : undefined;
  const context: { source?: string } = {};
  if (typeof value === "object" && value !== null) {
    const keys = Array.isArray(value)
      ? Array.from({ length: value.length }, (_, index) => String(index))
      : Object.keys(value);
    for (const name of keys) {
      const part = own?.items?.[Number(name)] ?? own?.fields?.get(name);
      const next = revive(value, name, reviver, part);
      if (next === undefined) Reflect.deleteProperty(value, name);
      else
        Reflect.defineProperty(value, name, {
          value: next,
          writable: true,
          enumerable: true,
          configurable: true,
        });
    }
  } else if (own?.text !== undefined) context.source = own.text;
  return reviver.call(holder, key, value, context);
}

/** Whether a reviver can see its third argument: to find it takes a second reading of the text. */
const seesContext = (reviver: Reviver): boolean =>
  reviver.length > 2 ||
  /\barguments\b|\.\.\.|\[native code\]/.test(Function.prototype.toString.call(reviver));

function parseText(text: unknown, reviver?: Reviver): unknown {
  // A template, because String() takes a symbol.
  const json = `${text}`;
  try {
    if (typeof reviver !== "function" || !seesContext(reviver)) return parseNative(json, reviver);
    const value: unknown = parseNative(json);
    const source = new Scanner(json).value();
    attach(source, value);
    return revive({ "": value }, "", reviver, source);
  } catch (error) {
    // The isolate parses the text again: its error names the position and the token.
    if (error instanceof SyntaxError && !/ in JSON|JSON input/.test(error.message))
      ask(op.json, [json]);
    throw error;
  }
}

const rawTexts = new WeakMap<object, string>();
let hasRawText = false;

function rawJSON(text: unknown): object {
  const json = `${text}`;
  if (/^(?:$|[\t\n\r ])|[\t\n\r ]$/.test(json) || typeof parseText(json) === "object") {
    if (json !== "null") throw new SyntaxError("Invalid value for JSON.rawJSON");
  }
  const raw = Object.freeze(Object.assign(Object.create(null), { rawJSON: json })) as object;
  rawTexts.set(raw, json);
  hasRawText = true;
  return raw;
}

/** The engine knows no raw text: a mark takes its place, and is replaced in what it writes. */
function stringifyRaw(value: unknown, replacer: Replacer, space: unknown): string | undefined {
  const texts: string[] = [];
  const mark = `raw-${Math.random()}-`;
  const names = Array.isArray(replacer) ? new Set(replacer.map(String)) : null;
  const text = stringifyNative(
    value,
    function (this: unknown, key: string, entry: unknown) {
      if (names !== null && key !== "" && !Array.isArray(this) && !names.has(key)) return undefined;
      const next: unknown =
        typeof replacer === "function" ? replacer.call(this, key, entry) : entry;
      const raw = rawTexts.get(Object(next));
      return raw === undefined ? next : mark + (texts.push(raw) - 1);
    },
    space as string,
  ) as string | undefined;
  return text?.replace(new RegExp(`"${mark}(\\d+)"`, "g"), (_, index) => texts[index] ?? "");
}

/** JSON as Node has it: errors with their position, a reviver's context, and raw text. */
export function installJson(): void {
  define(JSON, {
    parse(text: unknown, reviver: Reviver) {
      return parseText(text, reviver);
    },
    stringify(value: unknown, replacer: Replacer, space: unknown) {
      if (!hasRawText) {
        const text = stringifyNative(value, replacer as never, space as never);
        // A replacer or a toJSON may make the first raw text: then the value is written again.
        if (!hasRawText) return text;
      }
      return stringifyRaw(value, replacer, space);
    },
    rawJSON(text: unknown) {
      return rawJSON(text);
    },
    isRawJSON(value: unknown) {
      return rawTexts.has(Object(value));
    },
  });
}
