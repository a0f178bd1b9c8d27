import { textOf } from "./text_of.ts";

type Locales = string | string[] | undefined;
type Service = Record<string, (...values: unknown[]) => unknown>;

/** The number of formatters that one run caches, because creating one costs far more than using it. */
const formattersMax = 50;
const formatterFuel = 15_000;
/** The longest options for a formatter, in characters of JSON. */
const optionsCharsMax = 2_000;
const digitsMax = 10_000;
const textCharsMax = 200_000;
const listMax = 500_000;

/** The services of Intl, and what a program may call of each. */
const services: Record<string, readonly string[]> = {
  DateTimeFormat: [
    "format",
    "formatToParts",
    "formatRange",
    "formatRangeToParts",
    "resolvedOptions",
  ],
  NumberFormat: ["format", "formatToParts", "formatRange", "formatRangeToParts", "resolvedOptions"],
  Collator: ["compare", "resolvedOptions"],
  PluralRules: ["select", "selectRange", "resolvedOptions"],
  RelativeTimeFormat: ["format", "formatToParts", "resolvedOptions"],
  ListFormat: ["format", "formatToParts", "resolvedOptions"],
  DisplayNames: ["of", "resolvedOptions"],
  Segmenter: ["segment", "resolvedOptions"],
  DurationFormat: ["format", "formatToParts", "resolvedOptions"],
  Locale: [
    "maximize",
    "minimize",
    "toString",
    "getCalendars",
    "getCollations",
    "getHourCycles",
    "getNumberingSystems",
    "getTimeZones",
    "getTextInfo",
    "getWeekInfo",
    "fields",
  ],
};

const localeFields = [
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
];

/**
 * The services of Intl for one run, done by the isolate's V8. Dates travel as milliseconds, big integers
 * as {bigint}. Throws RangeError or TypeError as Intl does.
 */
export class IntlServices {
  readonly #formatters = new Map<string, Service>();
  readonly #charge: (units: number) => void;

  constructor(charge: (units: number) => void) {
    this.#charge = charge;
  }

  answer([name, locales, options, method, args]: readonly unknown[]): unknown {
    const values = (Array.isArray(args) ? args : []).map(revive);
    if (name === "static") return staticAnswer(String(method), locales, values);
    if (name === "String") return inCase(String(method), String(values[0]), localesOf(locales));
    const formatter = this.#formatter(String(name), locales, options);
    const methodName = String(method);
    if (!services[String(name)]?.includes(methodName))
      throw new TypeError(`Intl.${name} has no ${methodName}.`);
    if (name === "Locale") return localeAnswer(formatter as unknown as Intl.Locale, methodName);
    if (name === "Segmenter" && methodName === "segment")
      return this.#segments(formatter, String(values[0]));
    return toPlain(formatter[methodName]?.(...values));
  }

  /** The indexes of a list's texts in sorted order, so that a program sorts a list with one call. */
  sort([locales, options, list, sign]: readonly unknown[]): number[] {
    const texts = Array.isArray(list) ? list.map(String) : [];
    if (texts.length > listMax) throw new RangeError("The list is too long to be sorted at once.");
    const collator = this.#formatter("Collator", locales, options) as unknown as Intl.Collator;
    const direction = sign === -1 ? -1 : 1;
    return texts
      .map((_text, index) => index)
      .sort((a, b) => direction * collator.compare(texts[a] ?? "", texts[b] ?? ""));
  }

  #segments(formatter: Service, text: string): unknown {
    if (text.length > textCharsMax)
      throw new RangeError(
        `A text of more than ${textCharsMax} characters cannot be segmented at once: segment parts of it.`,
      );
    this.#charge(text.length * 40);
    // Returned without the input, which each segment would otherwise repeat in full.
    return Array.from(
      formatter.segment?.(text) as Iterable<Intl.SegmentData>,
      ({ segment, index, isWordLike }) => ({ segment, index, isWordLike }),
    );
  }

  #formatter(name: string, locales: unknown, options: unknown): Service {
    const key = JSON.stringify([name, locales, options]);
    const cached = this.#formatters.get(key);
    if (cached) return cached;
    if (key.length > optionsCharsMax)
      throw new RangeError("The options of a formatter are too long.");
    this.#charge(formatterFuel);
    const Maker =
      services[name] === undefined
        ? undefined
        : (Reflect.get(Intl, name) as new (
            locales: Locales,
            options: unknown,
          ) => Service);
    if (Maker === undefined) throw new TypeError(`Intl.${name} is not available.`);
    const newFormatter = new Maker(localesOf(locales), options ?? undefined);
    if (this.#formatters.size >= formattersMax) this.#formatters.clear();
    this.#formatters.set(key, newFormatter);
    return newFormatter;
  }
}

function staticAnswer(method: string, locales: unknown, values: unknown[]): unknown {
  if (method === "getCanonicalLocales") return Intl.getCanonicalLocales(localesOf(locales));
  if (method === "supportedValuesOf")
    return Intl.supportedValuesOf(String(values[0]) as "calendar");
  if (method === "supportedLocalesOf") {
    const Maker = Reflect.get(Intl, String(values[0])) as typeof Intl.NumberFormat;
    if (services[String(values[0])] === undefined) throw new TypeError("There is no such service.");
    return Maker.supportedLocalesOf(localesOf(locales) ?? []);
  }
  throw new TypeError(`Intl has no ${method}.`);
}

function inCase(method: string, text: string, locales: Locales): string {
  return method === "toLocaleUpperCase"
    ? text.toLocaleUpperCase(locales)
    : text.toLocaleLowerCase(locales);
}

function localeAnswer(locale: Intl.Locale, method: string): unknown {
  if (method === "fields") {
    return Object.fromEntries([
      ...localeFields.map((name) => [name, Reflect.get(locale, name)]),
      ["text", String(locale)],
    ]);
  }
  const work = Reflect.get(locale, method) as (() => unknown) | undefined;
  if (typeof work !== "function") throw new TypeError(`Intl.Locale has no ${method}.`);
  const answer = work.call(locale);
  return answer instanceof Intl.Locale ? String(answer) : answer;
}

/** Converts a value to what JSON can carry; a list of parts stays a list. */
const toPlain = (value: unknown): unknown =>
  typeof value === "bigint" ? { bigint: String(value) } : value;

function localesOf(locales: unknown): Locales {
  if (locales === null || locales === undefined) return undefined;
  if (Array.isArray(locales)) return locales as string[];
  if (typeof locales === "string") return locales;
  throw new TypeError("Incorrect locale information provided");
}

function revive(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("bigint" in value)) return value;
  return BigInt(textOf(value.bigint, digitsMax, "The number"));
}
