import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compile, decide } from "../../policies/decide.ts";
import { type Denied, learn } from "../../policies/learn.ts";
import { readPolicy } from "../../policies/policy.ts";
import { egressLimits } from "../../shared/limits.ts";

const no_rule = (url: string, method = "GET"): Denied => ({ url, method, reason: "no_rule" });

describe("the smallest rules", () => {
  test.each([
    ["one request", [no_rule("https://a.example/v1/x?page=1")], ["a.example GET /v1/x"]],
    [
      "paths below one folder",
      [no_rule("https://a.example/v1/x"), no_rule("https://a.example/v1/y/z")],
      ["a.example GET /v1/"],
    ],
    [
      "a folder and what is below it",
      [no_rule("https://a.example/v1/x"), no_rule("https://a.example/v1")],
      ["a.example GET /v1"],
    ],
    [
      "segments that only begin alike",
      [no_rule("https://a.example/v1/ab"), no_rule("https://a.example/v1/ac")],
      ["a.example GET /v1/"],
    ],
    [
      "paths that share nothing",
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
      "ports and hosts apart",
      [
        no_rule("https://b.example/"),
        no_rule("https://a.example:8443/x"),
        no_rule("https://1.1.1.1/x"),
      ],
      ["1.1.1.1 GET /x", "a.example:8443 GET /x", "b.example GET /"],
    ],
    [
      "too many paths that share nothing",
      Array.from({ length: egressLimits.learntPrefixesMax + 1 }, (_, n) =>
        no_rule(`https://a.example/${n}`),
      ),
      ["a.example GET /"],
    ],
  ])("for %s", (_, denied, expected) => {
    const { rules, requests, passedOver } = learn(denied);
    const shown = rules.map(
      ({ host, port, methods, path_prefix }) =>
        `${host}${port === undefined ? "" : `:${port}`} ${methods} ${path_prefix}`,
    );
    expect(shown).toEqual(expected);
    expect(requests.reduce((sum, count) => sum + count, 0)).toBe(denied.length);
    expect(passedOver).toEqual([]);
  });
});

describe("nothing is proposed, and why is said", () => {
  test.each([
    ["http", no_rule("http://a.example/"), "not https"],
    ["a private address", { ...no_rule("http://10.0.0.1/"), reason: "address" }, "private"],
    ["a private address that a log calls no_rule", no_rule("https://10.0.0.1/"), "private"],
    ["a local name", { ...no_rule("https://localhost/"), reason: "name" }, "local"],
    ["a scheme", { ...no_rule("ftp://a.example/"), reason: "scheme" }, "scheme"],
    ["a user", { ...no_rule("https://***@a.example/"), reason: "userinfo" }, "user name"],
    ["text that is no URL", { ...no_rule("nonsense"), reason: "bad_url" }, "want of a rule"],
    ["a header", { ...no_rule("https://a.example/"), reason: "header" }, "want of a rule"],
    ["a used-up budget", { ...no_rule("https://a.example/"), reason: "budget_bytes" }, "want of"],
    ["a secret", { ...no_rule("https://a.example/"), reason: "missing_secret" }, "set the secret"],
    ["an encoded slash", no_rule("https://a.example/x%2fy"), "read in two ways"],
    ["a masked path", no_rule("https://a.example/[redacted]/x"), "masks"],
    [
      "a URL that the log cut",
      no_rule(`https://a.example/${"x".repeat(3_000)}`.slice(0, egressLimits.loggedUrlCharsMax)),
      "cut",
    ],
    ["a method that no rule can list", no_rule("https://a.example/", "TRACE"), "not a request"],
  ])("%s", (_, denied, because) => {
    const { rules, passedOver } = learn([denied, denied]);
    expect(rules).toEqual([]);
    expect(passedOver).toMatchObject([{ reason: denied.reason, requests: 2 }]);
    expect(passedOver[0]?.because).toContain(because);
  });

  test("a query is in no list: it may hold what nobody should read", () => {
    const { passedOver } = learn([no_rule("http://a.example/x?q=private#part")]);
    expect(passedOver.map(({ url }) => url)).toEqual(["http://a.example/x"]);
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
/** As a table without rules denies it. */
const deniedAs = (one: { url: string; method: string }): Denied => {
  const decision = decide(nothing, { ...one, headers: [] });
  return { url: decision.url?.href ?? one.url, method: one.method, reason: decision.reason };
};

test("what was learnt is allowed, the rest is named, and the file is valid without a warning", () => {
  let learnt = 0;
  fc.assert(
    fc.property(fc.array(request, { maxLength: 20 }), (asked) => {
      const denied = asked.map(deniedAs);
      const { rules, requests, passedOver } = learn(denied);
      const parsed = readPolicy({ rules });
      expect(parsed).toMatchObject({ ok: true, warnings: [] });
      const table = compile({ rules });
      const allowed = denied.filter(
        (one) => decide(table, { ...one, headers: [] }).action === "allow",
      );
      const named = passedOver.reduce((sum, one) => sum + one.requests, 0);
      expect(requests.reduce((sum, count) => sum + count, 0)).toBe(allowed.length);
      expect(allowed.length + named).toBe(denied.length);
      learnt += allowed.length;
      // Only what no rule can permit is passed over.
      for (const one of denied) {
        const https = URL.parse(one.url)?.protocol === "https:";
        if (one.reason !== "no_rule" || !https) expect(allowed).not.toContain(one);
      }
    }),
    { numRuns: 200 },
  );
  expect(learnt).toBeGreaterThan(50);
});

test("what was not asked for is not allowed", () => {
  fc.assert(
    fc.property(fc.array(request, { maxLength: 12 }), request, (asked, other) => {
      const denied = asked.map(deniedAs);
      const decision = decide(compile({ rules: learn(denied).rules }), { ...other, headers: [] });
      if (decision.action === "deny") return;
      const { host, pathname, protocol } = decision.url;
      expect(protocol).toBe("https:");
      // The same host and method were asked for, and the rule is their paths' common prefix.
      const alike = denied
        .filter((one) => one.reason === "no_rule" && one.method.toUpperCase() === decision.method)
        .map((one) => new URL(one.url))
        .filter((one) => one.host === host && one.protocol === "https:")
        .map((one) => one.pathname);
      expect(alike.length).toBeGreaterThan(0);
      if (alike.length === 1) expect(`${pathname}/`.startsWith(`${alike[0]}`)).toBe(true);
      const firsts = new Set(alike.map((path) => path.split("/")[1]));
      const open = alike.includes("/") || firsts.size > egressLimits.learntPrefixesMax;
      if (!open) expect(firsts).toContain(pathname.split("/")[1]);
    }),
    { numRuns: 500 },
  );
});
