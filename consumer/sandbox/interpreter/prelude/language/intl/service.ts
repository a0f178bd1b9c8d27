import { op } from "../../../protocol.ts";
import { ask, define } from "../../bridge.ts";
import { localesOf } from "./locale.ts";
import { copyOf, matcherOf, objectOf, plainOf } from "./values.ts";

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

/** The ends of a range, which must both be there. */
const ends = (read: (value: unknown) => unknown) => (from: unknown, to: unknown) => {
  if (from === undefined || to === undefined)
    throw new TypeError("startDate or endDate cannot be undefined");
  return [read(from), read(to)];
};
const same = (value: unknown): unknown => value;

/** Services whose options may only be an object; the older ones make an object of what they are given. */
const needObjects = new Set(["ListFormat", "DisplayNames", "DurationFormat"]);

/** The methods of each service, and how their arguments are sent. */
export const methods: Record<string, Record<string, (...values: unknown[]) => unknown[]>> = {
  DateTimeFormat: {
    formatToParts: (date) => [time(date)],
    formatRange: ends(time),
    formatRangeToParts: ends(time),
  },
  NumberFormat: {
    formatToParts: (value) => [value],
    formatRange: ends(same),
    formatRangeToParts: ends(same),
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

const state = new WeakMap<object, { locales: unknown; options: unknown }>();

/** One class of Intl, whose work the host does. */
export function makeService(name: string): unknown {
  const isCallable = name in bound;
  function Service(this: object, locales?: unknown, options?: unknown): object {
    if (new.target === undefined && !isCallable)
      throw new TypeError(`Constructor Intl.${name} requires 'new'`);
    const self = Object.create(
      (new.target ?? (Service as { prototype: object })).prototype,
    ) as object;
    const tags = localesOf(locales);
    const copy = needObjects.has(name) ? objectOf(options) : copyOf(options);
    ask(op.intl, [name, tags, copy, "resolvedOptions", []]);
    state.set(self, { locales: tags, options: copy });
    return self;
  }
  const prototype = Service.prototype as object;
  const stateOf = (self: unknown): { locales: unknown; options: unknown } => {
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
    Object.defineProperty(namedClass[method], "length", { value: valuesOf.length });
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
  Object.defineProperties(Service, {
    name: { value: name },
    length: { value: name === "DisplayNames" ? 2 : 0 },
    prototype: { writable: false },
  });
  define(Service, {
    supportedLocalesOf: (locales: unknown, ...given: unknown[]) => {
      const request = [
        "static",
        localesOf(locales),
        matcherOf(given[0]),
        "supportedLocalesOf",
        [name],
      ];
      return ask(op.intl, request);
    },
  });
  return Service;
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
      Object.defineProperties(work, { name: { value: "" }, length: { value: valuesOf.length } });
      boundMethods.set(this, work);
      return work;
    },
  });
}
