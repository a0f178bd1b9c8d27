import { domainToASCII, domainToUnicode } from "node:url";
import { op, urlParts } from "../../protocol.ts";
import type { Operation } from "./operation.ts";
import { textOf } from "./text_of.ts";

const charsMax = 1_000_000;

/** Converting a name to ASCII takes microseconds per character. */
function priceOf(values: readonly unknown[]): number {
  let units = 200;
  for (const value of values) {
    if (typeof value !== "string") continue;
    units += value.length / 2;
    if (/[^\0-\x7f]/.test(value)) units += value.length * 250;
  }
  return units;
}

function parse([href, base, part, value]: readonly unknown[]): string[] | null {
  const text = textOf(href, charsMax, "The URL");
  const url = URL.parse(text, typeof base === "string" ? base : undefined);
  if (url === null) return null;
  const settable = urlParts.find((name) => name === part);
  if (settable === "href" && !URL.canParse(String(value))) return null;
  if (settable) url[settable] = String(value);
  return urlParts.map((name) => url[name]);
}

function formatUrl(href: string, options: Record<string, unknown>): string {
  const url = new URL(href);
  if (options.hash === false) url.hash = "";
  if (options.search === false) url.search = "";
  if (options.auth === false) {
    url.username = "";
    url.password = "";
  }
  if (options.unicode !== true) return url.href;
  return url.href.replace(url.hostname, domainToUnicode(url.hostname));
}

const methods: Record<string, (text: string, options: unknown) => string> = {
  format: (href, options) => formatUrl(href, (options ?? {}) as Record<string, unknown>),
  ascii: (domain) => domainToASCII(domain),
  unicode: (domain) => domainToUnicode(domain),
  origin: (href) => new URL(href).origin,
};

export const urlOperations: Record<number, Operation> = {
  [op.url]: { price: priceOf, perform: (values) => ({ value: parse(values) }) },
  [op.url_text]: {
    price: priceOf,
    perform([method, text, options]) {
      const work = methods[String(method)];
      if (work === undefined) throw new TypeError("There is no such operation on URLs.");
      return { value: work(textOf(text, charsMax, "The URL"), options) };
    },
  },
};
