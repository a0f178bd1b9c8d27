import { op } from "../../../protocol.ts";
import { ask, define } from "../../bridge.ts";
import { copyOf } from "./values.ts";

const askLocale = (tag: string, options: object | null, method: string): unknown =>
  ask(op.intl, ["Locale", tag, options, method, []]);

export class Locale {
  readonly #fields: Record<string, unknown>;
  constructor(tag: unknown, options: unknown = {}) {
    if (typeof tag !== "string" && (typeof tag !== "object" || tag === null))
      throw new TypeError("First argument to Intl.Locale constructor can't be empty or missing");
    this.#fields = askLocale(Locale.tagOf(tag) ?? String(tag), copyOf(options), "fields") as Record<
      string,
      unknown
    >;
  }
  /** The tag of a locale, without a call of a method that a program may have replaced. */
  static tagOf(value: unknown): string | undefined {
    return typeof value === "object" && value !== null && #fields in value
      ? String(value.#fields.text)
      : undefined;
  }
  #ask(method: string): unknown {
    return askLocale(this.toString(), null, method);
  }
  maximize(): Locale {
    return new Locale(this.#ask("maximize"));
  }
  minimize(): Locale {
    return new Locale(this.#ask("minimize"));
  }
  toString(): string {
    return String(this.#fields.text);
  }
  /** @internal */
  field(name: string): unknown {
    return this.#fields[name] ?? undefined;
  }
  /** @internal */
  list(name: string): unknown {
    return this.#ask(name);
  }
  get [Symbol.toStringTag](): string {
    return "Intl.Locale";
  }
}

export function installLocale(): void {
  for (const name of [
    "baseName",
    "calendar",
    "caseFirst",
    "collation",
    "hourCycle",
    "language",
    "numberingSystem",
    "numeric",
    "region",
    "script",
    "variants",
  ]) {
    const getter = {
      get [name](): unknown {
        return (this as unknown as Locale).field(name);
      },
    };
    const described = Object.getOwnPropertyDescriptor(getter, name) as PropertyDescriptor;
    Object.defineProperty(Locale.prototype, name, { ...described, enumerable: false });
  }
  for (const name of [
    "getCalendars",
    "getCollations",
    "getHourCycles",
    "getNumberingSystems",
    "getTimeZones",
    "getTextInfo",
    "getWeekInfo",
  ]) {
    define(Locale.prototype, {
      [name](this: Locale) {
        return this.list(name);
      },
    });
  }
  const { field, list } = Locale.prototype;
  for (const [name, value] of Object.entries({ field, list }))
    Object.defineProperty(Locale.prototype, name, { value, enumerable: false });
}

/** A list of locales, as the language reads one: a tag, a locale, or what has a length and items of these. */
export function localesOf(locales: unknown): string[] | null {
  if (locales === undefined) return null;
  if (locales === null) throw new TypeError("Cannot convert undefined or null to object");
  const single = typeof locales === "string" ? locales : Locale.tagOf(locales);
  if (single !== undefined) return [single];
  const source = Object(locales) as ArrayLike<unknown>;
  const length = Math.min(Math.max(Math.trunc(Number(source.length)) || 0, 0), 2 ** 53 - 1);
  const tags: string[] = [];
  for (let index = 0; index < length; index += 1) {
    if (!(index in source)) continue;
    const item = source[index];
    const isObject = typeof item === "object" && item !== null;
    if (typeof item !== "string" && !isObject)
      throw new TypeError("Language ID should be string or object.");
    tags.push(Locale.tagOf(item) ?? String(item));
  }
  return tags;
}
