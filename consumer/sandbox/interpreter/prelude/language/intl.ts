import { op } from "../../protocol.ts";
import { ask, define } from "../bridge.ts";

type Given = unknown;

function plainOf(value: unknown): unknown {
  if (typeof value === "bigint") return { bigint: String(value) };
  // JSON has neither infinities nor a negative zero.
  if (Object.is(value, -0)) return "-0";
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (value instanceof Date) return value.getTime();
  if (typeof value === "symbol") throw new TypeError("Cannot convert a Symbol value to a number");
  return value;
}

export function askIntl(
  service: string,
  locales: Given,
  options: Given,
  method: string,
  values: unknown[],
): unknown {
  return ask(op.intl, [service, localesOf(locales), options ?? null, method, values.map(plainOf)]);
}

function localesOf(locales: Given): unknown {
  if (locales === undefined) return null;
  if (locales === null) throw new TypeError("Cannot convert undefined or null to object");
  if (Array.isArray(locales))
    return locales.map((locale) => (locale instanceof Locale ? String(locale) : locale));
  return typeof locales === "object" ? String(locales) : locales;
}

const time = (date: unknown): number => {
  const ms = date === undefined ? Date.now() : Number(date);
  if (Number.isNaN(new Date(ms).getTime())) throw new RangeError("Invalid time value");
  return ms;
};
const listOf = (list: unknown): unknown[] =>
  Array.from(list === undefined ? [] : (list as Iterable<unknown>), (entry) => {
    if (typeof entry !== "string")
      throw new TypeError(`Iterable yielded ${String(entry)} which is not a string`);
    return entry;
  });

/** The methods of each service, and how their arguments are sent. */
const methods: Record<string, Record<string, (...values: unknown[]) => unknown[]>> = {
  DateTimeFormat: {
    formatToParts: (date) => [time(date)],
    formatRange: (from, to) => [time(from), time(to)],
    formatRangeToParts: (from, to) => [time(from), time(to)],
  },
  NumberFormat: {
    formatToParts: (value) => [value],
    formatRange: (from, to) => [from, to],
    formatRangeToParts: (from, to) => [from, to],
  },
  Collator: {},
  PluralRules: {
    select: (value) => [Number(value)],
    selectRange: (from, to) => [Number(from), Number(to)],
  },
  RelativeTimeFormat: {
    format: (value, unit) => [Number(value), String(unit)],
    formatToParts: (value, unit) => [Number(value), String(unit)],
  },
  ListFormat: { format: (list) => [listOf(list)], formatToParts: (list) => [listOf(list)] },
  DisplayNames: { of: (code) => [String(code)] },
  DurationFormat: { format: (duration) => [duration], formatToParts: (duration) => [duration] },
};

/** Methods that Intl binds to their object. */
const bound: Record<string, [name: string, values: (...values: unknown[]) => unknown[]]> = {
  DateTimeFormat: ["format", (date) => [time(date)]],
  NumberFormat: ["format", (value) => [value]],
  Collator: ["compare", (a, b) => [String(a), String(b)]],
};

const state = new WeakMap<object, { locales: Given; options: Given }>();

function makeService(name: string): unknown {
  const isCallable = name in bound;
  function Service(this: object, locales?: Given, options?: Given): object {
    if (new.target === undefined && !isCallable)
      throw new TypeError(`Constructor Intl.${name} requires 'new'`);
    const self = Object.create(
      (new.target ?? (Service as { prototype: object })).prototype,
    ) as object;
    // Copied, so that each getter is read once.
    const copy = options === undefined || options === null ? options : copyOf(options as object);
    if (copy === null) throw new TypeError("Cannot convert undefined or null to object");
    askIntl(name, locales, copy, "resolvedOptions", []);
    state.set(self, { locales: localesOf(locales), options: copy });
    return self;
  }
  const prototype = Service.prototype as object;
  const stateOf = (self: unknown): { locales: Given; options: Given } => {
    const stored = state.get(self as object);
    if (stored === undefined)
      throw new TypeError(
        `Method Intl.${name}.prototype called on incompatible receiver ${String(self)}`,
      );
    return stored;
  };
  const send = (self: unknown, method: string, values: unknown[]): unknown => {
    const { locales, options } = stateOf(self);
    return ask(op.intl, [name, locales, options ?? null, method, values.map(plainOf)]);
  };
  for (const [method, valuesOf] of Object.entries(methods[name] ?? {})) {
    const namedClass = {
      [method](this: unknown, ...values: unknown[]) {
        return send(this, method, valuesOf(...values));
      },
    };
    define(prototype, { [method]: namedClass[method] });
  }
  define(prototype, {
    resolvedOptions(this: unknown) {
      return send(this, "resolvedOptions", []);
    },
  });
  const own = bound[name];
  if (own) defineBound(prototype, own, send);
  Object.defineProperty(prototype, Symbol.toStringTag, {
    value: `Intl.${name}`,
    configurable: true,
  });
  Object.defineProperty(Service, "name", { value: name });
  define(Service, {
    supportedLocalesOf: (locales: Given) =>
      ask(op.intl, ["static", localesOf(locales), null, "supportedLocalesOf", [name]]),
  });
  return Service;
}

function copyOf(options: object): object {
  const copy: Record<string, unknown> = {};
  for (const key in options) {
    const value = Reflect.get(options, key);
    if (value !== undefined) copy[key] = value;
  }
  return copy;
}

function defineBound(
  prototype: object,
  [method, valuesOf]: [string, (...values: unknown[]) => unknown[]],
  send: (self: unknown, method: string, values: unknown[]) => unknown,
): void {
  const boundMethods = new WeakMap<object, unknown>();
  Object.defineProperty(prototype, method, {
    configurable: true,
    get(this: object) {
      const cached = boundMethods.get(this);
      if (cached) return cached;
      const work = (...values: unknown[]): unknown => send(this, method, valuesOf(...values));
      boundMethods.set(this, work);
      return work;
    },
  });
}

const segmenters = new WeakMap<object, [Given, Given]>();

class Segmenter {
  constructor(locales?: Given, options?: Given) {
    askIntl("Segmenter", locales, options, "resolvedOptions", []);
    segmenters.set(this, [locales, options]);
  }
  segment(text: unknown): object {
    const [locales, options] = segmenters.get(this) ?? [];
    const input = String(text);
    const isWord = (options as { granularity?: string } | undefined)?.granularity === "word";
    let list: { segment: string; index: number; isWordLike?: boolean }[] | undefined;
    const segments = (): NonNullable<typeof list> =>
      (list ??= askIntl("Segmenter", locales, options, "segment", [input]) as NonNullable<
        typeof list
      >);
    const segmentOf = ({
      segment,
      index,
      isWordLike,
    }: {
      segment: string;
      index: number;
      isWordLike?: boolean;
    }): object => (isWord ? { segment, index, input, isWordLike } : { segment, index, input });
    return {
      *[Symbol.iterator]() {
        for (const segment of segments()) yield segmentOf(segment);
      },
      containing(position = 0) {
        const segment = segments().findLast(({ index }) => index <= position);
        return position < 0 || position >= input.length || segment === undefined
          ? undefined
          : segmentOf(segment);
      },
    };
  }
  resolvedOptions(): unknown {
    const [locales, options] = segmenters.get(this) ?? [];
    return askIntl("Segmenter", locales, options, "resolvedOptions", []);
  }
  static supportedLocalesOf(locales: Given): unknown {
    return ask(op.intl, ["static", localesOf(locales), null, "supportedLocalesOf", ["Segmenter"]]);
  }
  get [Symbol.toStringTag](): string {
    return "Intl.Segmenter";
  }
}

class Locale {
  readonly #fields: Record<string, unknown>;
  constructor(tag: unknown, options: Given = {}) {
    if (typeof tag !== "string" && (typeof tag !== "object" || tag === null))
      throw new TypeError("First argument to Intl.Locale constructor can't be empty or missing");
    this.#fields = askIntl("Locale", String(tag), options, "fields", []) as Record<string, unknown>;
  }
  #ask(method: string): unknown {
    return askIntl("Locale", this.toString(), null, method, []);
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

function installLocale(): void {
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
    Object.defineProperty(Locale.prototype, name, {
      configurable: true,
      get(this: Locale) {
        return this.field(name);
      },
    });
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

/** Installs Intl, which the isolate's V8 computes, and the methods of the language that depend on it. */
export function installIntl(): void {
  installLocale();
  const classes: Record<string, unknown> = {};
  for (const name of Object.keys(methods)) classes[name] = makeService(name);
  define(globalThis, { Intl: {} });
  define(globalThis.Intl, {
    ...classes,
    Segmenter,
    Locale,
    getCanonicalLocales: (locales: Given) =>
      locales === undefined
        ? []
        : ask(op.intl, ["static", localesOf(locales), null, "getCanonicalLocales", []]),
    supportedValuesOf: (key: unknown) =>
      ask(op.intl, ["static", null, null, "supportedValuesOf", [String(key)]]),
  });
  Object.defineProperty(globalThis.Intl, Symbol.toStringTag, { value: "Intl", configurable: true });
  installDates();
  installNumbers();
  installCases();
}

/** What a method of Date shows if its options do not say. */
const dateDefaults: [method: string, required: RegExp, usual: object][] = [
  [
    "toLocaleString",
    /^(weekday|year|month|day|dayPeriod|hour|minute|second|fractionalSecondDigits|dateStyle|timeStyle)$/,
    {
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    },
  ],
  [
    "toLocaleDateString",
    /^(weekday|year|month|day|dateStyle|timeStyle)$/,
    { year: "numeric", month: "numeric", day: "numeric" },
  ],
  [
    "toLocaleTimeString",
    /^(dayPeriod|hour|minute|second|fractionalSecondDigits|dateStyle|timeStyle)$/,
    { hour: "numeric", minute: "numeric", second: "numeric" },
  ],
];

function installDates(): void {
  for (const [method, required, usual] of dateDefaults) {
    const forbidden =
      method === "toLocaleDateString"
        ? "timeStyle"
        : method === "toLocaleTimeString"
          ? "dateStyle"
          : "";
    define(Date.prototype, {
      [method](this: Date, locales?: Given, options?: Record<string, unknown>) {
        const ms = this.getTime();
        if (Number.isNaN(ms)) return "Invalid Date";
        const chosenOptions: Record<string, unknown> =
          options === undefined ? {} : (copyOf(options) as Record<string, unknown>);
        if (forbidden in chosenOptions) throw new TypeError(`Invalid option : ${forbidden}`);
        const isSaid = Object.keys(chosenOptions).some((key) => required.test(key));
        return askIntl(
          "DateTimeFormat",
          locales,
          isSaid ? chosenOptions : { ...chosenOptions, ...usual },
          "format",
          [ms],
        );
      },
    });
  }
}

function installNumbers(): void {
  for (const owner of [Number.prototype, BigInt.prototype]) {
    define(owner, {
      toLocaleString(this: unknown, locales?: Given, options?: Given) {
        return askIntl("NumberFormat", locales, options, "format", [(this as number).valueOf()]);
      },
    });
  }
}

function installCases(): void {
  for (const method of ["toLocaleUpperCase", "toLocaleLowerCase"] as const) {
    const defaultName =
      method === "toLocaleUpperCase" ? String.prototype.toUpperCase : String.prototype.toLowerCase;
    define(String.prototype, {
      [method](this: unknown, locales?: Given) {
        if (locales === undefined) return defaultName.call(this);
        return askIntl("String", locales, null, method, [String(this)]);
      },
    });
  }
}
