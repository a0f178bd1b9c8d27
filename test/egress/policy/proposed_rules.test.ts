import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compile, decide } from "../../../policies/decide.ts";
import { type DeniedRequest, proposeRules } from "../../../policies/learn.ts";
import { readPolicy } from "../../../policies/policy.ts";
import { egressLimits } from "../../../shared/limits.ts";

const no_rule = (url: string, method = "GET"): DeniedRequest => ({
  url,
  method,
  reason: "no_rule",
});

describe("the smallest rules are proposed", () => {
  test.each([
    ["one request", [no_rule("https://a.example/v1/x?page=1")], ["a.example GET /v1/x"]],
    [
      "paths below one folder",
      [no_rule("https://a.example/v1/x"), no_rule("https://a.example/v1/y/z")],
      ["a.example GET /v1/"],
    ],
    [
      "a folder and a path below it",
      [no_rule("https://a.example/v1/x"), no_rule("https://a.example/v1")],
      ["a.example GET /v1"],
    ],
    [
      "segments with a common beginning",
      [no_rule("https://a.example/v1/ab"), no_rule("https://a.example/v1/ac")],
      ["a.example GET /v1/"],
    ],
    [
      "unrelated paths",
      [no_rule("https://a.example/x/1"), no_rule("https://a.example/y")],
      ["a.example GET /x/1", "a.example GET /y"],
    ],
    [
      "methods on the same path",
      [no_rule("https://a.example/x", "POST"), no_rule("https://a.example/x")],
      ["a.example GET,POST /x"],
    ],
    [
      "methods on different paths",
      [no_rule("https://a.example/x", "delete"), no_rule("https://a.example/y")],
      ["a.example DELETE /x", "a.example GET /y"],
    ],
    [
      "different ports and hosts",
      [
        no_rule("https://b.example/"),
        no_rule("https://a.example:8443/x"),
        no_rule("https://1.1.1.1/x"),
      ],
      ["1.1.1.1 GET /x", "a.example:8443 GET /x", "b.example GET /"],
    ],
    [
      "too many unrelated paths",
      Array.from({ length: egressLimits.learnedPrefixesMax + 1 }, (_, n) =>
        no_rule(`https://a.example/${n}`),
      ),
      ["a.example GET /"],
    ],
  ])("for %s", (_, denied, expected) => {
    const { rules, requests, skipped } = proposeRules(denied);
    const shownRules = rules.map(
      ({ host, port, methods, path_prefix }) =>
        `${host}${port === undefined ? "" : `:${port}`} ${methods} ${path_prefix}`,
    );
    expect(shownRules).toEqual(expected);
    expect(requests.reduce((sum, count) => sum + count, 0)).toBe(denied.length);
    expect(skipped).toEqual([]);
  });
});

describe("no rule is proposed, with the cause", () => {
  test.each([
    ["http", no_rule("http://a.example/"), "not https"],
    ["a private address", { ...no_rule("http://10.0.0.1/"), reason: "address" }, "private"],
    ["a private address that a log calls no_rule", no_rule("https://10.0.0.1/"), "private"],
    ["a local name", { ...no_rule("https://localhost/"), reason: "name" }, "local"],
    ["a scheme", { ...no_rule("ftp://a.example/"), reason: "scheme" }, "scheme"],
    ["a user", { ...no_rule("https://***@a.example/"), reason: "userinfo" }, "user name"],
    ["text that is not a URL", { ...no_rule("nonsense"), reason: "bad_url" }, "no rule changes"],
    ["a header", { ...no_rule("https://a.example/"), reason: "header" }, "no rule changes"],
    ["a used-up budget", { ...no_rule("https://a.example/"), reason: "budget_bytes" }, "no rule"],
    ["a secret", { ...no_rule("https://a.example/"), reason: "missing_secret" }, "set the secret"],
    ["an encoded slash", no_rule("https://a.example/x%2fy"), "ambiguous"],
    ["a masked path", no_rule("https://a.example/[redacted]/x"), "masks"],
    [
      "a URL that the log cut",
      no_rule(`https://a.example/${"x".repeat(3_000)}`.slice(0, egressLimits.loggedUrlCharsMax)),
      "cut",
    ],
    ["a method that no rule can list", no_rule("https://a.example/", "TRACE"), "not a request"],
  ])("for %s", (_, denied, cause) => {
    const { rules, skipped } = proposeRules([denied, denied]);
    expect(rules).toEqual([]);
    expect(skipped).toMatchObject([{ reason: denied.reason, requests: 2 }]);
    expect(skipped[0]?.cause).toContain(cause);
  });

  test("a query is never listed: it may contain a secret", () => {
    const { skipped } = proposeRules([no_rule("http://a.example/x?q=private#part")]);
    expect(skipped.map(({ url }) => url)).toEqual(["http://a.example/x"]);
  });
});

const hosts = ["a.example", "b.a.example", "a.example:8443", "1.1.1.1", "10.0.0.1", "localhost"];
const segment = fc.constantFrom("v1", "v12", "x", "", "..", "%2e", "a%2fb", "é", "x;y", "%", ".;");
const url = fc
  .tuple(
    fc.constantFrom("https", "https", "https", "http", "ftp"),
    fc.constantFrom(...hosts, "u@a.example"),
    fc.array(segment, { maxLength: 4 }),
    fc.constantFrom("", "?q=1", "#x"),
  )
  .map(([scheme, host, path, rest]) => `${scheme}://${host}/${path.join("/")}${rest}`);
const method = fc.constantFrom("GET", "get", "POST", "DELETE", "TRACE", "");
const request = fc.record({ url: fc.oneof(url, fc.webUrl(), fc.string()), method });
const nothing = compile({ rules: [] });
/** The denial of a policy without rules. */
const deniedAs = (request: { url: string; method: string }): DeniedRequest => {
  const decision = decide(nothing, { ...request, headers: [] });
  return {
    url: decision.url?.href ?? request.url,
    method: request.method,
    reason: decision.reason,
  };
};

test("proposed rules allow their requests, all others are listed, and the file is valid without a warning", () => {
  let total = 0;
  fc.assert(
    fc.property(fc.array(request, { maxLength: 20 }), (requested) => {
      const denied = requested.map(deniedAs);
      const { rules, requests, skipped } = proposeRules(denied);
      const parsed = readPolicy({ rules });
      expect(parsed).toMatchObject({ ok: true, value: { warnings: [] } });
      const table = compile({ rules });
      const allowed = denied.filter(
        (each) => decide(table, { ...each, headers: [] }).action === "allow",
      );
      const skippedCount = skipped.reduce((sum, { requests }) => sum + requests, 0);
      expect(requests.reduce((sum, count) => sum + count, 0)).toBe(allowed.length);
      expect(allowed.length + skippedCount).toBe(denied.length);
      total += allowed.length;
      // Only requests that no rule can allow are skipped.
      for (const one of denied) {
        const https = URL.parse(one.url)?.protocol === "https:";
        if (one.reason !== "no_rule" || !https) expect(allowed).not.toContain(one);
      }
    }),
    { numRuns: 200 },
  );
  expect(total).toBeGreaterThan(50);
});

test("requests unlike the denied ones are not allowed", () => {
  fc.assert(
    fc.property(fc.array(request, { maxLength: 12 }), request, (requested, other) => {
      const denied = requested.map(deniedAs);
      const decision = decide(compile({ rules: proposeRules(denied).rules }), {
        ...other,
        headers: [],
      });
      if (decision.action === "deny") return;
      const { host, pathname, protocol } = decision.url;
      expect(protocol).toBe("https:");
      // The same host and method were denied, and the rule is the common prefix of their paths.
      const alike = denied
        .filter(
          (each) => each.reason === "no_rule" && each.method.toUpperCase() === decision.method,
        )
        .map((each) => new URL(each.url))
        .filter((each) => each.host === host && each.protocol === "https:")
        .map((each) => each.pathname);
      expect(alike.length).toBeGreaterThan(0);
      if (alike.length === 1) expect(`${pathname}/`.startsWith(`${alike[0]}`)).toBe(true);
      const firsts = new Set(alike.map((path) => path.split("/")[1]));
      const open = alike.includes("/") || firsts.size > egressLimits.learnedPrefixesMax;
      if (!open) expect(firsts).toContain(pathname.split("/")[1]);
    }),
    { numRuns: 500 },
  );
});
