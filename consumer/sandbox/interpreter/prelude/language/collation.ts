import { op } from "../../protocol.ts";
import { ask, define } from "../bridge.ts";
import { askIntl } from "./intl.ts";

/**
 * Comparing texts as their language does. The host does it, which costs a crossing each time; texts of
 * ASCII, with or without accents, are compared here by keys that sort as the root collation does.
 */

/** Printable ASCII in the root collation's order; letters of both cases share a place. */
const order = "_-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789";

const primary: string[] = [];
const isUpper: boolean[] = [];

function fillTables(): void {
  const place = (code: number, at: number, upper: boolean): void => {
    primary[code] = String.fromCharCode(at + 33);
    isUpper[code] = upper;
  };
  place(9, 1, false);
  place(10, 2, false);
  place(13, 5, false);
  place(32, 6, false);
  for (let at = 0; at < order.length; at += 1) place(order.charCodeAt(at), at + 10, false);
  for (let letter = 0; letter < 26; letter += 1) {
    place(97 + letter, 10 + order.length + letter, false);
    place(65 + letter, 10 + order.length + letter, true);
  }
}

interface Key {
  primary: string;
  tertiary: string;
  /** The text has accents, which count where the letters are the same. */
  isAccented: boolean;
}

const keys = new Map<string, Key | null>();
const keysMax = 200_000;

/** The key of a text, or null where only the host can place it. */
function keyOf(text: string): Key | null {
  const known = keys.get(text);
  if (known !== undefined) return known;
  if (keys.size >= keysMax) keys.clear();
  const made = makeKey(text);
  keys.set(text, made);
  return made;
}

function makeKey(text: string): Key | null {
  const isAscii = /^[\x20-\x7e]*$/.test(text);
  const letters = isAscii ? text : text.normalize("NFD");
  let first = "";
  let third = "";
  let isAccented = false;
  for (let at = 0; at < letters.length; at += 1) {
    const code = letters.charCodeAt(at);
    // The marks that letters of Latin languages have.
    if (code >= 0x300 && code <= 0x328 && at > 0) {
      isAccented = true;
      continue;
    }
    const weight = primary[code];
    if (weight === undefined) return null;
    first += weight;
    third += isUpper[code] ? "1" : "0";
  }
  return { primary: first, tertiary: third, isAccented };
}

/** -1, 0 or 1, or undefined where the host has to say. */
function compareHere(a: string, b: string): number | undefined {
  if (a === b) return 0;
  const first = keyOf(a);
  const second = keyOf(b);
  if (first === null || second === null) return undefined;
  if (first.primary !== second.primary) return first.primary < second.primary ? -1 : 1;
  if (first.isAccented || second.isAccented) return undefined;
  return first.tertiary < second.tertiary ? -1 : first.tertiary > second.tertiary ? 1 : 0;
}

/** Languages whose order of ASCII is the root's. */
const isRootLike = (locales: unknown): boolean =>
  locales === undefined ||
  (typeof locales === "string" &&
    /^(en|de|it|pt|nl|fr|id)(-[A-Z]{2})?$/.test(locales) &&
    locales !== "fr-CA");

function compareTexts(a: string, b: string, locales: unknown, options: unknown): number {
  if (options === undefined && isRootLike(locales)) {
    const here = compareHere(a, b);
    if (here !== undefined) return here;
  }
  return askIntl("Collator", locales, options, "compare", [a, b]) as number;
}

const comparers = new WeakMap<object, [locales: unknown, options: unknown]>();

export function installCollation(): void {
  fillTables();
  define(String.prototype, {
    localeCompare(this: unknown, other: unknown, locales?: unknown, options?: unknown) {
      return compareTexts(String(this), String(other), locales, options);
    },
  });
  const { Collator } = globalThis.Intl;
  const given = new WeakMap<object, [locales: unknown, options: unknown]>();
  const native = Object.getOwnPropertyDescriptor(Collator.prototype, "compare")?.get as (
    this: object,
  ) => unknown;
  const made = new WeakMap<object, unknown>();
  const Wrapped = new Proxy(Collator, {
    construct(target, [locales, options], newTarget) {
      const collator = Reflect.construct(target, [locales, options], newTarget) as object;
      given.set(collator, [locales, options]);
      return collator;
    },
    apply(target, _self, [locales, options]) {
      const collator = Reflect.construct(target, [locales, options]) as object;
      given.set(collator, [locales, options]);
      return collator;
    },
  });
  Object.defineProperty(Collator.prototype, "compare", {
    configurable: true,
    get(this: object) {
      const known = made.get(this);
      if (known) return known;
      const values = given.get(this);
      if (values === undefined) return native.call(this);
      const [locales, options] = values;
      const compare = (a: unknown, b: unknown): number =>
        compareTexts(String(a), String(b), locales, options);
      comparers.set(compare, [locales, options]);
      made.set(this, compare);
      return compare;
    },
  });
  define(globalThis.Intl, { Collator: Wrapped });
  define(Collator.prototype, { constructor: Wrapped });
  installSort();
}

/** A list that a Collator's comparator sorts is sorted by the host in one call. */
function installSort(): void {
  const nativeSort = Array.prototype.sort;
  const listMin = 50;
  define(Array.prototype, {
    sort(this: unknown[], comparator?: (a: unknown, b: unknown) => number) {
      const values = typeof comparator === "function" ? comparers.get(comparator) : undefined;
      const isList =
        values !== undefined &&
        Array.isArray(this) &&
        this.length >= listMin &&
        this.every((one) => typeof one === "string");
      if (!isList || values === undefined) return nativeSort.call(this, comparator);
      const [locales, options] = values;
      const places = ask(op.sort, [locales ?? null, options ?? null, this]) as number[];
      const sorted = places.map((at) => this[at]);
      for (let at = 0; at < sorted.length; at += 1) this[at] = sorted[at] as string;
      return this;
    },
  });
}
