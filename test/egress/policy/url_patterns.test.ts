/** The URLs that a browser may load: never more than the decision allows. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compile, decide } from "../../../policies/decide.ts";
import type { Rule } from "../../../policies/schema.ts";
import { urlPatterns } from "../../../policies/url_pattern.ts";

const patterns = (rules: Rule[], url = "https://site.example/docs/a") =>
  urlPatterns(compile({ rules }), new URL(url)).map((pattern) => new RegExp(pattern));

const allows = (rules: Rule[], url: string, page?: string): boolean =>
  patterns(rules, page).some((pattern) => pattern.test(new URL(url).href));

const docs: Rule[] = [{ host: "site.example", path_prefix: "/docs" }];

test.each([
  ["the prefix itself", "https://site.example/docs", true],
  ["a path below it", "https://site.example/docs/a/b.css", true],
  ["a query and a fragment", "https://site.example/docs/a?b=../c#d", true],
  ["a query after the prefix", "https://site.example/docs?b", true],
  ["an escaped letter", "https://site.example/docs/%C3%A4", true],
  ["a hidden file", "https://site.example/docs/.well-known/x", true],
  ["a sibling of the prefix", "https://site.example/docs2", false],
  ["a path outside the prefix", "https://site.example/admin", false],
  ["a step back", "https://site.example/docs/../admin", false],
  ["an escaped step back", "https://site.example/docs/%2e%2e/admin", false],
  ["an escaped slash", "https://site.example/docs/..%2fadmin", false],
  ["an escaped backslash", "https://site.example/docs/..%5cadmin", false],
  ["a slash escaped twice", "https://site.example/docs/%252e%252e/admin", false],
  ["two slashes", "https://site.example/docs//admin", false],
  ["parameters of a segment", "https://site.example/docs/..;/admin", false],
  ["the prefix elsewhere", "https://site.example/x?https://site.example/docs/", false],
  ["another port", "https://site.example:8443/docs/a", false],
  ["another scheme", "http://site.example/docs/a", false],
  ["a name that unescaped dots would match", "https://sitexexample/docs/a", false],
  ["a name with the same beginning", "https://site.example.evil.example/docs/a", false],
  ["a name before it", "https://evil.example/https://site.example/docs/a", false],
])("a rule with a prefix and %s: allows(%s) is %s", (_name, url, allowed) => {
  expect(allows(docs, url)).toBe(allowed);
});

describe("the patterns of a policy", () => {
  test("contain each rule that a browser can use, at the origin of the page", () => {
    const rules: Rule[] = [
      ...docs,
      { host: "*.example", path_prefix: "/assets/" },
      { host: "site.example", path_prefix: "/write", methods: ["POST"] },
      { host: "site.example", path_prefix: "/keyed", inject: { header: "x", secret: "S" } },
      { host: "site.example", path_prefix: "/inner", route: "INNER" },
      { host: "site.example", path_prefix: "/other", port: 8443 },
      { host: "other.example" },
    ];
    const open = ["/docs/a", "/assets/a.css"].map((path) => `https://site.example${path}`);
    expect(open.filter((url) => !allows(rules, url))).toEqual([]);
    const closed = [
      ...["/write", "/keyed", "/inner", "/other", "/"].map((path) => `https://site.example${path}`),
      "https://other.example/",
    ];
    expect(closed.filter((url) => allows(rules, url))).toEqual([]);
  });

  test("allow the whole origin for a rule without a prefix", () => {
    expect(allows([{ host: "site.example" }], "https://site.example/any//thing")).toBe(true);
    expect(allows([{ host: "site.example" }], "https://site.example.evil.example/")).toBe(false);
  });

  test("are empty when no rule matches", () => {
    expect(urlPatterns(null, new URL("https://site.example/"))).toEqual([]);
    expect(patterns([{ host: "other.example" }])).toEqual([]);
  });

  test.each(["https://[2606:4700::1111]/docs/a", "https://1.1.1.1/docs/a"])(
    "escape the dots of an address: %s",
    (url) => {
      const rules: Rule[] = [{ host: new URL(url).hostname, path_prefix: "/docs" }];
      expect(allows(rules, url, url)).toBe(true);
      expect(allows(rules, "https://1a1b1c1/docs/a", url)).toBe(false);
    },
  );
});

const pieces = fc.constantFrom(
  ...["/", "//", ".", "..", ";", "%2e", "%2F", "%5c", "%25", "%00", "%41", "%", "\\", "?", "#"],
  ...["docs", "a", "A", "ä", " ", "@", ":", "admin", "site.example", "\n", "%zz", "~"],
);
const prefixes = fc.constantFrom("/docs", "/docs/", "/", "/do.cs", "/docs/a+b", null);

test("the decision allows every URL that a pattern matches", () => {
  fc.assert(
    fc.property(
      fc.array(pieces, { maxLength: 9 }),
      prefixes,
      fc.boolean(),
      (parts, prefix, farPath) => {
        const rule: Rule =
          prefix === null
            ? { host: "site.example" }
            : { host: "site.example", path_prefix: prefix };
        const text = `https://site.example${farPath ? "" : (prefix ?? "")}${parts.join("")}`;
        if (!URL.canParse(text)) return;
        const { href } = new URL(text);
        const [pattern] = patterns([rule]);
        if (pattern?.test(href) !== true) return;
        const request = { url: href, method: "GET", headers: [] };
        expect([href, decide(compile({ rules: [rule] }), request).action]).toEqual([href, "allow"]);
      },
    ),
    { numRuns: 5_000 },
  );
});

test("a plain path below a prefix matches", () => {
  const segment = fc.stringMatching(/^[A-Za-z0-9_-][A-Za-z0-9_.~!$&'()*+,;=:@-]{0,8}$/);
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 5 }), (segments) => {
      expect(allows(docs, `https://site.example/docs/${segments.join("/")}`)).toBe(true);
    }),
  );
});
