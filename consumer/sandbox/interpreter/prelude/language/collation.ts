import { op } from "../../protocol.ts";
import { ask, define } from "../bridge.ts";
import { askIntl } from "./intl/request.ts";

/**
 * Comparing texts as their language does. The host does it, which costs a crossing each time; texts of
 * ASCII, with or without accents, are compared here by keys that sort as the root collation does.
 */

/** Printable ASCII in the root collation's order; letters of both cases share a place. */
const order = "_-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789";

/** The place of each character below U+0180 in the order; letters with accents share that of the letter. */
const primary: (number | undefined)[] = [];
const isUpper: boolean[] = [];
const isAccented: boolean[] = [];

function fillTables(): void {
  const whites = "\t\n\v\f\r ";
  const letters = "abcdefghijklmnopqrstuvwxyz";
  [...whites, ...order, ...letters].forEach((character, place) => {
    primary[character.charCodeAt(0)] = place;
    const upper = character.toUpperCase();
    if (upper === character) return;
    primary[upper.charCodeAt(0)] = place;
    isUpper[upper.charCodeAt(0)] = true;
  });
  for (let code = 0xc0; code < 0x180; code += 1) {
    const [letter = "", mark, ...more] = String.fromCharCode(code).normalize("NFD");
    if (mark === undefined || more.length > 0) continue;
    primary[code] = primary[letter.charCodeAt(0)];
    isUpper[code] = isUpper[letter.charCodeAt(0)] ?? false;
    isAccented[code] = true;
  }
}

/** -1, 0 or 1, or undefined where only the host can say. */
function compareHere(a: string, b: string): number | undefined {
  const length = Math.min(a.length, b.length);
  let byCase = 0;
  let byAccent = false;
  for (let index = 0; index < length; index += 1) {
    const x = a.charCodeAt(index);
    const y = b.charCodeAt(index);
    if (x === y) {
      if (x >= 0x180) return undefined;
      continue;
    }
    const first = primary[x];
    const second = primary[y];
    if (first === undefined || second === undefined) return undefined;
    if (first !== second) {
      // A combining mark after one of the characters would change its place.
      if (a.charCodeAt(index + 1) >= 0x300 || b.charCodeAt(index + 1) >= 0x300) return undefined;
      return first < second ? -1 : 1;
    }
    if (isAccented[x] !== isAccented[y] || isAccented[x]) byAccent = true;
    if (byCase === 0 && isUpper[x] !== isUpper[y]) byCase = isUpper[x] ? 1 : -1;
  }
  if (a.length !== b.length) {
    const next = a.length > b.length ? a.charCodeAt(length) : b.charCodeAt(length);
    if (primary[next] === undefined) return undefined;
    return a.length < b.length ? -1 : 1;
  }
  return byAccent ? undefined : byCase;
}

/** Languages that sort ASCII in the root order. */
const isRootLike = (locales: unknown): boolean =>
  locales === undefined ||
  (typeof locales === "string" &&
    /^(en|de|it|pt|nl|fr|id)(-[A-Z]{2})?$/.test(locales) &&
    locales !== "fr-CA");

function compareTexts(a: string, b: string, locales: unknown, options: unknown): number {
  if (options === undefined && isRootLike(locales)) {
    const order = compareHere(a, b);
    if (order !== undefined) return order;
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
  const collatorArguments = new WeakMap<object, [locales: unknown, options: unknown]>();
  const native = Object.getOwnPropertyDescriptor(Collator.prototype, "compare")?.get as (
    this: object,
  ) => unknown;
  const compareFunctions = new WeakMap<object, unknown>();
  const Wrapped = new Proxy(Collator, {
    construct(target, [locales, options], newTarget) {
      const collator = Reflect.construct(target, [locales, options], newTarget) as object;
      collatorArguments.set(collator, [locales, options]);
      return collator;
    },
    apply(target, _self, [locales, options]) {
      const collator = Reflect.construct(target, [locales, options]) as object;
      collatorArguments.set(collator, [locales, options]);
      return collator;
    },
  });
  Object.defineProperty(Collator.prototype, "compare", {
    configurable: true,
    get(this: object) {
      const cached = compareFunctions.get(this);
      if (cached) return cached;
      const values = collatorArguments.get(this);
      if (values === undefined) return native.call(this);
      const [locales, options] = values;
      const compare = (a: unknown, b: unknown): number =>
        compareTexts(String(a), String(b), locales, options);
      comparers.set(compare, [locales, options]);
      compareFunctions.set(this, compare);
      return compare;
    },
  });
  define(globalThis.Intl, { Collator: Wrapped });
  define(Collator.prototype, { constructor: Wrapped });
  installSort();
}

/** Comparators that only order by one text of each entry, as programs usually write them. */
const isDefault =
  /^\s*(?:function\s*\w*\s*)?\(?\s*(\w+)\s*,\s*(\w+)\s*\)?\s*(?:=>)?\s*(?:\{\s*return\s+)?(\w+)((?:\.\w+)*)\.localeCompare\(\s*(\w+)((?:\.\w+)*)\s*\)\s*;?\s*\}?\s*$/;

interface Ordering {
  path: string[];
  sign: number;
  locales: unknown;
  options: unknown;
}

/** The member that a comparator sorts by, or null if the comparator must be called. */
function orderingOf(comparator: (a: unknown, b: unknown) => number): Ordering | null {
  const cached = comparers.get(comparator);
  if (cached) return { path: [], sign: 1, locales: cached[0], options: cached[1] };
  const [, a, b, first, path = "", second, other = ""] =
    isDefault.exec(Function.prototype.toString.call(comparator)) ?? [];
  if (a === undefined || path !== other || a === b) return null;
  const sign = first === a && second === b ? 1 : first === b && second === a ? -1 : 0;
  if (sign === 0) return null;
  return { path: path.split(".").slice(1), sign, locales: undefined, options: undefined };
}

function textOf(value: unknown, path: string[]): unknown {
  let member = value;
  for (const key of path) {
    if (typeof member !== "object" || member === null) return undefined;
    const field = Object.getOwnPropertyDescriptor(member, key);
    if (field === undefined || !("value" in field)) return undefined;
    member = field.value;
  }
  return member;
}

/** The host sorts a long list of texts in one call. */
function installSort(): void {
  const { sort } = Array.prototype;
  const hostSortLengthMin = 50;
  const sortByHost = (
    list: unknown[],
    { path, sign, locales, options }: Ordering,
  ): unknown[] | null => {
    const texts: string[] = [];
    for (const entry of list) {
      const text = textOf(entry, path);
      if (typeof text !== "string") return null;
      texts.push(text);
    }
    const places = ask(op.sort, [locales ?? null, options ?? null, texts, sign]) as number[];
    return places.map((index) => list[index]);
  };
  define(Array.prototype, {
    sort(this: unknown[], comparator?: (a: unknown, b: unknown) => number) {
      const isLong =
        typeof comparator === "function" && Array.isArray(this) && this.length >= hostSortLengthMin;
      const ordering = isLong ? orderingOf(comparator) : null;
      const sorted = ordering === null ? null : sortByHost(this, ordering);
      if (sorted === null) return sort.call(this, comparator);
      for (let index = 0; index < sorted.length; index += 1) this[index] = sorted[index];
      return this;
    },
    toSorted(this: unknown[], comparator?: (a: unknown, b: unknown) => number) {
      return Array.from(this).sort(comparator);
    },
  });
}
