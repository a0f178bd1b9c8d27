import { custom, inspect } from "../console/format.ts";

export type HeadersInit = unknown;

export class Headers {
  readonly #values = new Map<string, string[]>();
  /** The names as they were first written, for the console. */
  readonly #spellings = new Map<string, string>();

  constructor(init?: HeadersInit) {
    if (init === undefined) return;
    if (typeof init !== "object" || init === null)
      throw new TypeError("Headers constructor: init was not an object.");
    const isList = Symbol.iterator in init;
    const entries = isList ? [...(init as Iterable<[string, string]>)] : Object.entries(init);
    for (const entry of entries) {
      if ([...entry].length !== 2)
        throw new TypeError("Headers constructor: expected name/value pair to be length 2.");
      this.append(entry[0], entry[1]);
    }
  }

  append(name: string, value: unknown): void {
    const key = nameOf(name);
    if (!this.#spellings.has(key)) this.#spellings.set(key, String(name));
    this.#values.set(key, [...(this.#values.get(key) ?? []), cleanValue(value)]);
  }
  set(name: string, value: unknown): void {
    const key = nameOf(name);
    if (!this.#spellings.has(key)) this.#spellings.set(key, String(name));
    this.#values.set(key, [cleanValue(value)]);
  }
  get(name: string): string | null {
    return this.#values.get(nameOf(name))?.join(", ") ?? null;
  }
  getSetCookie(): string[] {
    return [...(this.#values.get("set-cookie") ?? [])];
  }
  has(name: string): boolean {
    return this.#values.has(nameOf(name));
  }
  delete(name: string): void {
    this.#values.delete(nameOf(name));
  }
  forEach(visit: (value: string, name: string, headers: Headers) => void): void {
    for (const [name, value] of this) visit(value, name, this);
  }
  *entries(): Generator<[string, string]> {
    for (const name of [...this.#values.keys()].sort()) {
      if (name !== "set-cookie") yield [name, this.get(name) ?? ""];
      else for (const cookie of this.getSetCookie()) yield [name, cookie];
    }
  }
  *keys(): Generator<string> {
    for (const [name] of this.entries()) yield name;
  }
  *values(): Generator<string> {
    for (const [, value] of this.entries()) yield value;
  }
  [Symbol.iterator](): Generator<[string, string]> {
    return this.entries();
  }
  get [Symbol.toStringTag](): string {
    return "Headers";
  }
  [custom](): string {
    const pairs = [...this.#values.keys()].map((key) => [
      this.#spellings.get(key) ?? key,
      this.get(key),
    ]);
    return `Headers ${inspect(Object.fromEntries(pairs))}`;
  }
}

function nameOf(name: unknown): string {
  const text = String(name).toLowerCase();
  if (!/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(text))
    throw new TypeError(`Invalid header name: ${inspect(name)}`);
  return text;
}

function cleanValue(value: unknown): string {
  const text = String(value).replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, "");
  if (/[\0\n\r]/.test(text)) throw new TypeError("Invalid header value.");
  return text;
}
