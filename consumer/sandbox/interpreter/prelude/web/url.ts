import { op, urlParts } from "../../protocol.ts";
import { ask, define } from "../bridge.ts";
import { custom, inspect } from "../console/inspect.ts";

type Part = (typeof urlParts)[number];
const changed = Symbol("changed");

function decode(text: string): string {
  const spaced = text.replaceAll("+", " ");
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}

function encode(text: string): string {
  return encodeURIComponent(text)
    .replaceAll("%20", "+")
    .replace(/[!'()~]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}

export class URLSearchParams {
  #pairs: [string, string][] = [];
  [changed]: (() => void) | undefined = undefined;

  constructor(init: unknown = "") {
    if (typeof init === "object" && init !== null) {
      const isList = Symbol.iterator in init;
      const entries = isList ? [...(init as Iterable<[string, string]>)] : Object.entries(init);
      this.#pairs = entries.map(([name, value]) => [String(name), String(value)]);
    } else this.#read(String(init));
    // Kept out of what the console shows.
    Object.defineProperty(this, changed, { enumerable: false, writable: true, value: undefined });
  }

  #read(text: string): void {
    const fields = text.replace(/^\?/, "").split("&").filter(Boolean);
    this.#pairs = fields.map((field) => {
      const at = field.indexOf("=");
      return at < 0
        ? [decode(field), ""]
        : [decode(field.slice(0, at)), decode(field.slice(at + 1))];
    });
  }

  get size(): number {
    return this.#pairs.length;
  }
  get(name: string): string | null {
    return this.#pairs.find(([key]) => key === String(name))?.[1] ?? null;
  }
  getAll(name: string): string[] {
    return this.#pairs.filter(([key]) => key === String(name)).map(([, value]) => value);
  }
  has(name: string, value?: string): boolean {
    return this.#pairs.some(
      ([key, one]) => key === String(name) && (value === undefined || one === String(value)),
    );
  }
  append(name: string, value: unknown): void {
    this.#pairs.push([String(name), String(value)]);
    this[changed]?.();
  }
  set(name: string, value: unknown): void {
    const at = this.#pairs.findIndex(([key]) => key === String(name));
    if (at < 0) this.#pairs.push([String(name), String(value)]);
    else {
      this.#pairs = this.#pairs.filter(([key], index) => key !== String(name) || index === at);
      this.#pairs[at] = [String(name), String(value)];
    }
    this[changed]?.();
  }
  delete(name: string, value?: string): void {
    this.#pairs = this.#pairs.filter(
      ([key, one]) => key !== String(name) || (value !== undefined && one !== String(value)),
    );
    this[changed]?.();
  }
  sort(): void {
    this.#pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    this[changed]?.();
  }
  forEach(visit: (value: string, name: string, all: URLSearchParams) => void): void {
    for (const [name, value] of this.#pairs) visit(value, name, this);
  }
  *entries(): Generator<[string, string]> {
    for (const [name, value] of this.#pairs) yield [name, value];
  }
  *keys(): Generator<string> {
    for (const [name] of this.#pairs) yield name;
  }
  *values(): Generator<string> {
    for (const [, value] of this.#pairs) yield value;
  }
  [Symbol.iterator](): Generator<[string, string]> {
    return this.entries();
  }
  toString(): string {
    return this.#pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join("&");
  }
  [custom](): string {
    const pairs = this.#pairs.map(([name, value]) => `${inspect(name)} => ${inspect(value)}`);
    return pairs.length === 0 ? "URLSearchParams {}" : `URLSearchParams { ${pairs.join(", ")} }`;
  }
  get [Symbol.toStringTag](): string {
    return "URLSearchParams";
  }
}

export class URL {
  #fields: string[];
  #params: URLSearchParams | null = null;

  constructor(href: unknown, base?: unknown) {
    try {
      this.#fields = ask(op.url, [
        String(href),
        base === undefined ? null : String(base),
      ]) as string[];
    } catch {
      const input = String(href);
      throw Object.assign(new TypeError("Invalid URL"), { code: "ERR_INVALID_URL", input });
    }
  }

  static canParse(href: unknown, base?: unknown): boolean {
    return URL.parse(href, base) !== null;
  }
  static parse(href: unknown, base?: unknown): URL | null {
    try {
      return new URL(href, base);
    } catch {
      return null;
    }
  }
  get origin(): string {
    return this.#fields[urlParts.length] ?? "null";
  }
  get searchParams(): URLSearchParams {
    if (this.#params === null) {
      const params = new URLSearchParams(this.part("search"));
      params[changed] = () => this.change("search", params.toString());
      this.#params = params;
    }
    return this.#params;
  }
  /** @internal */
  part(name: Part): string {
    return this.#fields[urlParts.indexOf(name)] ?? "";
  }
  /** @internal */
  change(name: Part, value: unknown): void {
    this.#fields = ask(op.url, [this.part("href"), null, name, String(value)]) as string[];
  }
  /** @internal */
  forget(): void {
    this.#params = null;
  }
  toString(): string {
    return this.part("href");
  }
  toJSON(): string {
    return this.part("href");
  }
  get [Symbol.toStringTag](): string {
    return "URL";
  }
  [custom](depth: number): string {
    if (depth < 0) return "[URL]";
    const shown: Record<string, unknown> = { href: this.part("href"), origin: this.origin };
    for (const name of urlParts.slice(0, 7)) shown[name] = this.part(name);
    shown.search = this.part("search");
    shown.searchParams = this.searchParams;
    shown.hash = this.part("hash");
    return `URL ${inspect(shown)}`;
  }
}

for (const name of urlParts) {
  Object.defineProperty(URL.prototype, name, {
    configurable: true,
    enumerable: true,
    get(this: URL) {
      return this.part(name);
    },
    set(this: URL, value: unknown) {
      this.change(name, value);
      if (name === "search" || name === "href") this.forget();
    },
  });
}

export function installUrl(): void {
  define(globalThis, { URL, URLSearchParams });
}
