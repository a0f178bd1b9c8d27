import { custom, inspect } from "../console/format.ts";

export type HeadersInit = unknown;

export class Headers {
  readonly #values = new Map<string, string[]>();

  constructor(init?: HeadersInit) {
    if (typeof init !== "object" || init === null) return;
    const isList = Symbol.iterator in init;
    const entries = isList ? [...(init as Iterable<[string, string]>)] : Object.entries(init);
    for (const [name, value] of entries) this.append(name, value);
  }

  append(name: string, value: unknown): void {
    const key = nameOf(name);
    this.#values.set(key, [...(this.#values.get(key) ?? []), cleanValue(value)]);
  }
  set(name: string, value: unknown): void {
    this.#values.set(nameOf(name), [cleanValue(value)]);
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
  forEach(visit: (value: string, name: string, all: Headers) => void): void {
    for (const [name, value] of this) visit(value, name, this);
  }
  *entries(): Generator<[string, string]> {
    for (const name of [...this.#values.keys()].sort()) yield [name, this.get(name) ?? ""];
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
    return `Headers ${inspect(Object.fromEntries(this))}`;
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
