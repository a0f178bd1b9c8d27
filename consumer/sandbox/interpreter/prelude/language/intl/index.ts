import { op } from "../../../protocol.ts";
import { ask, define } from "../../bridge.ts";
import { installLocale, Locale, localesOf } from "./locale.ts";
import { askIntl } from "./request.ts";
import { Segmenter } from "./segmenter.ts";
import { makeService, methods } from "./service.ts";
import { copyOf } from "./values.ts";

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
    getCanonicalLocales: (locales: unknown) =>
      locales === undefined
        ? []
        : ask(op.intl, ["static", localesOf(locales), null, "getCanonicalLocales", []]),
    supportedValuesOf: (key: unknown) =>
      ask(op.intl, ["static", null, null, "supportedValuesOf", [String(key)]]),
  });
  Object.defineProperty(globalThis.Intl, Symbol.toStringTag, { value: "Intl", configurable: true });
  installDates();
  installNumbers();
  installLists();
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
      [method](this: Date, ...given: unknown[]) {
        const [locales, options] = given;
        const ms = this.getTime();
        if (Number.isNaN(ms)) return "Invalid Date";
        const chosenOptions = copyOf(options);
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
      toLocaleString(this: unknown, ...given: unknown[]) {
        const [locales, options] = given;
        return askIntl("NumberFormat", locales, options, "format", [(this as number).valueOf()]);
      },
    });
  }
}

/** The engine's own `toLocaleString` of a list does not pass its arguments to the items. */
function installLists(): void {
  define(Array.prototype, {
    toLocaleString(this: unknown[], ...given: unknown[]) {
      return Array.from(this, (item) =>
        item === undefined || item === null
          ? ""
          : String(
              (item as { toLocaleString(...values: unknown[]): string }).toLocaleString(...given),
            ),
      ).join(",");
    },
  });
}

function installCases(): void {
  for (const method of ["toLocaleUpperCase", "toLocaleLowerCase"] as const) {
    const defaultName =
      method === "toLocaleUpperCase" ? String.prototype.toUpperCase : String.prototype.toLowerCase;
    define(String.prototype, {
      [method](this: unknown, locales?: unknown) {
        if (locales === undefined) return defaultName.call(this);
        return askIntl("String", locales, null, method, [String(this)]);
      },
    });
  }
}
