import { op } from "../../protocol.ts";
import { ask, define } from "../bridge.ts";

type Given = unknown;

function plain(value: unknown): unknown {
  if (typeof value === "bigint") return { bigint: String(value) };
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  return value instanceof Date ? value.getTime() : value;
}

function request(
  service: string,
  locales: Given,
  options: Given,
  method: string,
  values: unknown[],
): unknown {
  return ask(op.intl, [service, locales ?? null, options ?? null, method, values.map(plain)]);
}

const time = (date: unknown): number => (date === undefined ? Date.now() : Number(date));

/** The pieces that every service of Intl has. */
class Service {
  readonly #name: string;
  readonly #locales: Given;
  readonly #options: Given;
  constructor(name: string, locales: Given, options: Given) {
    this.#name = name;
    this.#locales = locales;
    this.#options = options;
  }
  /** @internal */
  send(method: string, values: unknown[]): unknown {
    return request(this.#name, this.#locales, this.#options, method, values);
  }
  get [Symbol.toStringTag](): string {
    return `Intl.${this.#name}`;
  }
}

class DateTimeFormat extends Service {
  constructor(locales?: Given, options?: Given) {
    super("DateTimeFormat", locales, options);
    this.resolvedOptions();
  }
  readonly format = (date?: unknown): string => this.send("format", [time(date)]) as string;
  formatToParts(date?: unknown): unknown {
    return this.send("formatToParts", [time(date)]);
  }
  formatRange(from: unknown, to: unknown): unknown {
    return this.send("formatRange", [time(from), time(to)]);
  }
  resolvedOptions(): unknown {
    return this.send("resolvedOptions", []);
  }
}

class NumberFormat extends Service {
  constructor(locales?: Given, options?: Given) {
    super("NumberFormat", locales, options);
    this.resolvedOptions();
  }
  readonly format = (value: unknown): string => this.send("format", [value]) as string;
  formatToParts(value: unknown): unknown {
    return this.send("formatToParts", [value]);
  }
  resolvedOptions(): unknown {
    return this.send("resolvedOptions", []);
  }
}

class Collator extends Service {
  constructor(locales?: Given, options?: Given) {
    super("Collator", locales, options);
  }
  readonly compare = (a: unknown, b: unknown): number =>
    this.send("compare", [String(a), String(b)]) as number;
  resolvedOptions(): unknown {
    return this.send("resolvedOptions", []);
  }
}

class PluralRules extends Service {
  constructor(locales?: Given, options?: Given) {
    super("PluralRules", locales, options);
  }
  select(value: number): unknown {
    return this.send("select", [value]);
  }
}

class RelativeTimeFormat extends Service {
  constructor(locales?: Given, options?: Given) {
    super("RelativeTimeFormat", locales, options);
  }
  format(value: number, unit: string): unknown {
    return this.send("format", [value, unit]);
  }
}

class ListFormat extends Service {
  constructor(locales?: Given, options?: Given) {
    super("ListFormat", locales, options);
  }
  format(list: Iterable<string>): unknown {
    return this.send("format", [[...list]]);
  }
}

class DisplayNames extends Service {
  constructor(locales?: Given, options?: Given) {
    super("DisplayNames", locales, options);
  }
  of(code: string): unknown {
    return this.send("of", [code]);
  }
}

class Segmenter extends Service {
  constructor(locales?: Given, options?: Given) {
    super("Segmenter", locales, options);
  }
  segment(text: string): unknown {
    return this.send("segment", [text]);
  }
}

/** Intl by the isolate's V8, and the methods of the language that depend on it. */
export function installIntl(): void {
  define(globalThis, {
    Intl: {
      DateTimeFormat: callable(DateTimeFormat),
      NumberFormat: callable(NumberFormat),
      Collator: callable(Collator),
      PluralRules,
      RelativeTimeFormat,
      ListFormat,
      DisplayNames,
      Segmenter,
      getCanonicalLocales: (locales: Given) => (Array.isArray(locales) ? locales : [locales]),
    },
  });
  for (const method of ["toLocaleString", "toLocaleDateString", "toLocaleTimeString"]) {
    define(Date.prototype, {
      [method](this: Date, locales?: Given, options?: Given) {
        if (Number.isNaN(this.getTime())) return "Invalid Date";
        return request("Date", locales, options, method, [this.getTime()]);
      },
    });
  }
  for (const owner of [Number.prototype, BigInt.prototype]) {
    define(owner, {
      toLocaleString(this: unknown, locales?: Given, options?: Given) {
        return request("NumberFormat", locales, options, "format", [(this as number).valueOf()]);
      },
    });
  }
  const isSimple = /^[a-z0-9]*$/;
  define(String.prototype, {
    localeCompare(this: unknown, other: unknown, locales?: Given, options?: Given) {
      const [a, b] = [String(this), String(other)];
      if (a === b) return 0;
      // Lower-case words and digits sort by their codes in every collation that is the default.
      if (locales === undefined && options === undefined && isSimple.test(a) && isSimple.test(b)) {
        return a < b ? -1 : 1;
      }
      return request("Collator", locales, options, "compare", [a, b]);
    },
    toLocaleUpperCase(this: unknown, locales?: Given) {
      return locales === undefined
        ? String(this).toUpperCase()
        : request("String", locales, null, "toLocaleUpperCase", [String(this)]);
    },
    toLocaleLowerCase(this: unknown, locales?: Given) {
      return locales === undefined
        ? String(this).toLowerCase()
        : request("String", locales, null, "toLocaleLowerCase", [String(this)]);
    },
  });
}

/** Intl's oldest services may be called without `new`. */
function callable<T extends new (...values: never[]) => object>(maker: T): T {
  return new Proxy(maker, {
    apply: (target, _self, values) => Reflect.construct(target, values),
  });
}
