type Locales = string | string[] | undefined;

/** Formatters that one run keeps, because making one costs forty times as much as using it. */
const formattersMax = 50;

/** Makes each service of Intl that a program may use. */
const makers = {
  DateTimeFormat: (locales: Locales, options: object) => new Intl.DateTimeFormat(locales, options),
  NumberFormat: (locales: Locales, options: object) => new Intl.NumberFormat(locales, options),
  Collator: (locales: Locales, options: object) => new Intl.Collator(locales, options),
  PluralRules: (locales: Locales, options: object) => new Intl.PluralRules(locales, options),
  RelativeTimeFormat: (locales: Locales, options: object) =>
    new Intl.RelativeTimeFormat(locales, options),
  ListFormat: (locales: Locales, options: object) => new Intl.ListFormat(locales, options),
  DisplayNames: (locales: Locales, options: object) =>
    new Intl.DisplayNames(locales, options as Intl.DisplayNamesOptions),
  Segmenter: (locales: Locales, options: object) => new Intl.Segmenter(locales, options),
};

type Formatter = ReturnType<(typeof makers)[keyof typeof makers]>;

/**
 * The services of Intl for one run, done by the isolate's V8. Dates travel as milliseconds,
 * big integers as {bigint}. Throws RangeError or TypeError as Intl does.
 */
export class IntlServices {
  readonly #formatters = new Map<string, Formatter>();
  readonly #onMake: () => void;

  /** `onMake` is told of each formatter made, so that it can be paid for. */
  constructor(onMake: () => void) {
    this.#onMake = onMake;
  }

  answer(values: readonly unknown[]): unknown {
    const [service, locales, options, method, given] = values;
    const list = (Array.isArray(given) ? given : []).map(revive);
    const where = localesOf(locales);
    const how = typeof options === "object" && options !== null ? options : {};
    if (service === "Date") {
      const date = new Date(milliseconds(list[0]));
      this.#onMake();
      if (method === "toLocaleString") return date.toLocaleString(where, how);
      if (method === "toLocaleDateString") return date.toLocaleDateString(where, how);
      return date.toLocaleTimeString(where, how);
    }
    if (service === "String") {
      const text = String(list[0]);
      return method === "toLocaleUpperCase"
        ? text.toLocaleUpperCase(where)
        : text.toLocaleLowerCase(where);
    }
    return perform(this.#formatter(String(service), where, how), String(method), list);
  }

  #formatter(service: string, locales: Locales, options: object): Formatter {
    const key = JSON.stringify([service, locales, options]);
    const known = this.#formatters.get(key);
    if (known) return known;
    this.#onMake();
    const found = Object.entries(makers).find(([name]) => name === service);
    if (!found) throw new TypeError(`Intl.${service} is not available.`);
    const made = found[1](locales, options);
    if (this.#formatters.size >= formattersMax) this.#formatters.clear();
    this.#formatters.set(key, made);
    return made;
  }
}

function perform(formatter: Formatter, method: string, [first, second]: unknown[]): unknown {
  if (method === "resolvedOptions") return formatter.resolvedOptions();
  if (formatter instanceof Intl.DateTimeFormat) {
    if (method === "formatToParts") return formatter.formatToParts(milliseconds(first));
    if (method === "formatRange") {
      return formatter.formatRange(milliseconds(first), milliseconds(second));
    }
    return formatter.format(milliseconds(first));
  }
  if (formatter instanceof Intl.NumberFormat) {
    const value = typeof first === "bigint" ? first : Number(first ?? Number.NaN);
    return method === "formatToParts" ? formatter.formatToParts(value) : formatter.format(value);
  }
  if (formatter instanceof Intl.Collator) return formatter.compare(String(first), String(second));
  if (formatter instanceof Intl.PluralRules) return formatter.select(Number(first));
  if (formatter instanceof Intl.RelativeTimeFormat) {
    return formatter.format(Number(first), String(second) as Intl.RelativeTimeFormatUnit);
  }
  if (formatter instanceof Intl.ListFormat) {
    return formatter.format(Array.isArray(first) ? first.map(String) : []);
  }
  if (formatter instanceof Intl.DisplayNames) return formatter.of(String(first));
  return [...formatter.segment(String(first))];
}

function localesOf(locales: unknown): Locales {
  if (typeof locales === "string") return locales;
  return Array.isArray(locales) ? locales.map(String) : undefined;
}

function revive(value: unknown): unknown {
  const isBigInt = typeof value === "object" && value !== null && "bigint" in value;
  return isBigInt ? BigInt(String(value.bigint)) : value;
}

function milliseconds(value: unknown): number {
  return value === null || value === undefined ? Number.NaN : Number(value);
}
