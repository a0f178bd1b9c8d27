import { custom, inspect } from "../console/format.ts";
import { byteString, namedIterator, requireArguments } from "./web_types.ts";

export type HeadersInit = unknown;

export class Headers {
  readonly #values = new Map<string, string[]>();
  /** The names as they were first written, for the console. */
  readonly #spellings = new Map<string, string>();

  /** Whether a change is refused, as it is for what came with a response of the platform's. */
  #isImmutable = false;

  constructor(init?: HeadersInit) {
    if (init === undefined) return;
    if ((typeof init !== "object" && typeof init !== "function") || init === null)
      throw new TypeError("Headers constructor: init was not an object.");
    const iterator: unknown = Reflect.get(init, Symbol.iterator);
    const entries =
      iterator === undefined || iterator === null ? recordOf(init) : pairsOf(init, iterator);
    for (const [name, value] of entries) this.append(name, value);
  }

  /** @internal */
  freeze(): this {
    this.#isImmutable = true;
    return this;
  }
  #checkMutable(): void {
    if (this.#isImmutable) throw new TypeError("immutable");
  }

  append(...given: [name: string, value: unknown]): void {
    requireArguments(given.length, 2, "Headers.append");
    const [name, value] = given;
    const key = nameOf(name);
    this.#checkMutable();
    if (!this.#spellings.has(key)) this.#spellings.set(key, String(name));
    this.#values.set(key, [...(this.#values.get(key) ?? []), cleanValue(value)]);
  }
  set(...given: [name: string, value: unknown]): void {
    requireArguments(given.length, 2, "Headers.set");
    const [name, value] = given;
    const key = nameOf(name);
    this.#checkMutable();
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
    const key = nameOf(name);
    this.#checkMutable();
    this.#values.delete(key);
  }
  forEach(visit: (value: string, name: string, headers: Headers) => void): void {
    for (const [name, value] of this) visit(value, name, this);
  }
  *#sorted(): Generator<[string, string]> {
    for (const name of [...this.#values.keys()].sort()) {
      if (name !== "set-cookie") yield [name, this.get(name) ?? ""];
      else for (const cookie of this.getSetCookie()) yield [name, cookie];
    }
  }
  entries(): IterableIterator<[string, string]> {
    return namedIterator("Headers", this.#sorted(), (pair) => pair);
  }
  keys(): IterableIterator<string> {
    return namedIterator("Headers", this.#sorted(), ([name]) => name);
  }
  values(): IterableIterator<string> {
    return namedIterator("Headers", this.#sorted(), ([, value]) => value);
  }
  [Symbol.iterator](): IterableIterator<[string, string]> {
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

const owner = "Headers";

function pairsOf(init: object, iterator: unknown): [string, string][] {
  if (typeof iterator !== "function")
    throw new TypeError("Headers constructor: init is not iterable.");
  const pairs: [string, string][] = [];
  for (const entry of init as Iterable<Iterable<unknown>>) {
    const pair = [...entry];
    const [name, value] = pair;
    if (pair.length !== 2)
      throw new TypeError("Headers constructor: expected name/value pair to be length 2.");
    pairs.push([byteString(name, owner), byteString(value, owner)]);
  }
  return pairs;
}

/** The enumerable properties of an object, which is asked no more than the standard says. */
function recordOf(init: object): [string, string][] {
  const pairs: [string, string][] = [];
  for (const key of Reflect.ownKeys(init)) {
    if (Reflect.getOwnPropertyDescriptor(init, key)?.enumerable !== true) continue;
    if (typeof key === "symbol") throw new TypeError("Headers constructor: a name is a symbol.");
    const name = byteString(key, owner);
    pairs.push([name, byteString(Reflect.get(init, key), owner)]);
  }
  return pairs;
}

function nameOf(name: unknown): string {
  const text = byteString(name, owner).toLowerCase();
  if (!/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(text))
    throw new TypeError(`Invalid header name: ${inspect(name)}`);
  return text;
}

function cleanValue(value: unknown): string {
  const text = byteString(value, owner).replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, "");
  if (/[\0\n\r]/.test(text)) throw new TypeError("Invalid header value.");
  return text;
}
