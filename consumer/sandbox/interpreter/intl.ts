/**
 * The services of Intl that a program may use, done by the isolate's V8. Dates travel as
 * milliseconds, big integers as {bigint}. Throws RangeError or TypeError as Intl does.
 */
export function intl(values: readonly unknown[]): unknown {
  const [service, locales, options, method, given] = values;
  const list = (Array.isArray(given) ? given : []).map(revive);
  const where = localesOf(locales);
  const how = typeof options === "object" && options !== null ? options : {};
  const [first, second] = list;
  switch (`${service}.${method}`) {
    case "DateTimeFormat.format":
      return new Intl.DateTimeFormat(where, how).format(date(first));
    case "DateTimeFormat.formatToParts":
      return new Intl.DateTimeFormat(where, how).formatToParts(date(first));
    case "DateTimeFormat.formatRange":
      return new Intl.DateTimeFormat(where, how).formatRange(date(first), date(second));
    case "DateTimeFormat.resolvedOptions":
      return new Intl.DateTimeFormat(where, how).resolvedOptions();
    case "Date.toLocaleString":
      return new Date(date(first)).toLocaleString(where, how);
    case "Date.toLocaleDateString":
      return new Date(date(first)).toLocaleDateString(where, how);
    case "Date.toLocaleTimeString":
      return new Date(date(first)).toLocaleTimeString(where, how);
    case "NumberFormat.format":
      return new Intl.NumberFormat(where, how).format(numeric(first));
    case "NumberFormat.formatToParts":
      return new Intl.NumberFormat(where, how).formatToParts(numeric(first));
    case "NumberFormat.resolvedOptions":
      return new Intl.NumberFormat(where, how).resolvedOptions();
    case "Collator.compare":
      return new Intl.Collator(where, how).compare(String(first), String(second));
    case "Collator.resolvedOptions":
      return new Intl.Collator(where, how).resolvedOptions();
    case "PluralRules.select":
      return new Intl.PluralRules(where, how).select(Number(first));
    case "RelativeTimeFormat.format":
      return new Intl.RelativeTimeFormat(where, how).format(
        Number(first),
        String(second) as Intl.RelativeTimeFormatUnit,
      );
    case "ListFormat.format":
      return new Intl.ListFormat(where, how).format(Array.isArray(first) ? first.map(String) : []);
    case "DisplayNames.of":
      return new Intl.DisplayNames(where, how as Intl.DisplayNamesOptions).of(String(first));
    case "Segmenter.segment":
      return [...new Intl.Segmenter(where, how).segment(String(first))];
    case "String.toLocaleUpperCase":
      return String(first).toLocaleUpperCase(where);
    case "String.toLocaleLowerCase":
      return String(first).toLocaleLowerCase(where);
    default:
      throw new TypeError(`Intl.${service} has no ${method} here.`);
  }
}

function localesOf(locales: unknown): string | string[] | undefined {
  if (typeof locales === "string") return locales;
  return Array.isArray(locales) ? locales.map(String) : undefined;
}

function revive(value: unknown): unknown {
  const isBigInt = typeof value === "object" && value !== null && "bigint" in value;
  return isBigInt ? BigInt(String(value.bigint)) : value;
}

function numeric(value: unknown): number | bigint {
  // JSON has no NaN or infinities: they travel as strings.
  return typeof value === "bigint" ? value : Number(value ?? Number.NaN);
}

function date(value: unknown): number {
  return value === null || value === undefined ? Number.NaN : Number(value);
}
