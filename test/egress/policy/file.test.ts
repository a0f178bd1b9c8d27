import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parsePolicy, readPolicy, secretsOf } from "../../../policies/policy.ts";
import { egressLimits } from "../../../shared/limits.ts";

const host = "api.example.com";
const inject = { header: "authorization", secret: "TOKEN" };

describe("an invalid rule is reported with its place and the fix", () => {
  test.each([
    ["an upper-case host", { host: "API.example.com" }, "host", "write api.example.com"],
    ["a host in Unicode", { host: "bücher.example" }, "host", "write xn--bcher-kva.example"],
    ["a trailing dot", { host: "a.example." }, "host", "a trailing dot"],
    ["an empty label", { host: "a..example" }, "host", "empty label"],
    ["an odd character", { host: "a!b.example" }, "host", "character outside"],
    ["a URL", { host: "https://a.example" }, "host", "write only the host, and the scheme"],
    ["a path in the host", { host: "a.example/x" }, "host", "path in path_prefix"],
    ["a port in the host", { host: "a.example:8443" }, "host", "the number in port"],
    ["a user in the host", { host: "u@a.example" }, "host", "write a.example"],
    ["text that is not a host", { host: "a b" }, "host", "such as api.example.com"],
    ["an empty host", { host: "" }, "host", "such as api.example.com"],
    ["a host that is a number", { host: 7 }, "host", "such as api.example.com"],
    ["an address in short form", { host: "127.1" }, "host", "write 127.0.0.1"],
    ["an address in long form", { host: "[0:0::1]" }, "host", "write [::1]"],
    ["an address without brackets", { host: "2606:4700::1" }, "host", "host"],
    ["only a wildcard", { host: "*" }, "host", "write *.example.com"],
    ["a wildcard over a top-level domain", { host: "*.com" }, "host", "at least two labels"],
    ["a wildcard inside", { host: "a.*.example.com" }, "host", "write *.example.com"],
    ["a wildcard at the end", { host: "example.*" }, "host", "write *.example.com"],
    ["half a label", { host: "a*.example.com" }, "host", "write *.example.com"],
    ["two wildcards", { host: "*.*.example.com" }, "host", "write *.example.com"],
    ["a wildcard in upper case", { host: "*.Example.com" }, "host", "in lower case"],
    ["a wildcard over addresses", { host: "*.0.0.1" }, "host", "never cover addresses"],
    ["an unknown scheme", { host, schemes: ["ftp"] }, "schemes[0]", "write https or http"],
    ["port 0", { host, port: 0 }, "port", "from 1 to 65535"],
    ["port 65536", { host, port: 65_536 }, "port", "from 1 to 65535"],
    ["a port as text", { host, port: "443" }, "port", "from 1 to 65535"],
    ["TRACE", { host, methods: ["TRACE"] }, "methods[0]", "write one of GET"],
    ["a method in lower case", { host, methods: ["get"] }, "methods[0]", "in upper case"],
    ["a prefix without a slash", { host, path_prefix: "v1" }, "path_prefix", "start it with /"],
    ["an empty prefix", { host, pathPrefix: "" }, "pathPrefix", "start it with /"],
    ["both spellings", { host, path_prefix: "/", pathPrefix: "/" }, "", "keep path_prefix"],
    [
      "a framing header",
      { host, inject: { ...inject, header: "Host" } },
      "inject.header",
      "credential",
    ],
    [
      "a header with a space",
      { host, inject: { ...inject, header: "a b" } },
      "inject.header",
      "header name",
    ],
    [
      "a secret's value",
      { host, inject: { ...inject, secret: "sk-12.34" } },
      "inject.secret",
      "never its value",
    ],
    [
      "a line break in the prefix",
      { host, inject: { ...inject, prefix: "a\nb" } },
      "inject.prefix",
      "ASCII",
    ],
    ["an unknown field", { host, method: ["GET"] }, "method", "remove it"],
    [
      "an unknown field of inject",
      { host, inject: { ...inject, value: "x" } },
      "inject.value",
      "remove it",
    ],
    ["a route in lower case", { host, route: "inner" }, "route", "in upper case"],
    ["a rule that is text", "api.example.com", "", "write an object"],
  ])("%s", (_, rule, field, fix) => {
    const parsed = readPolicy({ rules: [{ host: "first.example" }, rule] });
    expect(parsed).toMatchObject({ ok: false, error: [{ rule: 1 }] });
    const [problem] = parsed.ok ? [] : parsed.error;
    expect(problem?.path).toBe(`rules[1]${field === "" ? "" : `.${field}`}`);
    expect(problem?.message).toContain(fix);
  });
});

describe("an invalid file is reported with the fix", () => {
  test.each([
    ["text that is not JSON", "{rules: []}", "", "is not JSON"],
    ["a comment", '{"rules": []} // none', "", "without comments"],
    ["null", "null", "", "write {"],
    ["a list", "[]", "", "write {"],
    ["no rules", "{}", "rules", "a list"],
    ["rules that are an object", '{"rules": {}}', "rules", "a list"],
    ["an unknown field", '{"rules": [], "default": "allow"}', "default", "remove it"],
    ["a prototype", '{"rules": [], "__proto__": {}}', "__proto__", "remove it"],
    [
      "a negative limit",
      '{"rules": [], "limits": {"requests": -1}}',
      "limits.requests",
      "whole number",
    ],
    ["an unknown limit", '{"rules": [], "limits": {"bytes": 1}}', "limits.bytes", "remove it"],
    ["tenants as text", '{"rules": [], "tenants": "a"}', "tenants", "list the tenants"],
    [
      "local_development as text",
      '{"rules": [], "local_development": "no"}',
      "local_development",
      "true or false",
    ],
    ["a secret's value", '{"rules": [], "secrets": ["a-b"]}', "secrets[0]", "never its value"],
    [
      "a secret that two tenants could sign with",
      '{"rules": [], "tenants": ["a", "b"], "secrets": [{"name": "A", "tenants": ["a"]}, "B"]}',
      "secrets[1]",
      'write {"name": "B", "tenants": [...]}',
    ],
    [
      "a secret of two tenants with hosts but without tenants",
      '{"rules": [], "tenants": ["a", "b"], "secrets": [{"name": "B", "hosts": ["a.example"]}]}',
      "secrets[0]",
      "with those that may sign with it",
    ],
    [
      "an invalid host of a secret",
      '{"rules": [], "secrets": [{"name": "B", "hosts": ["A.example"]}]}',
      "secrets[0].hosts[0]",
      "write a.example",
    ],
    [
      "an unknown field of a secret",
      '{"rules": [], "secrets": [{"name": "B", "tenant": "a"}]}',
      "secrets[0]",
      '"tenants"?',
    ],
    ["a text over the limit", `"${"x".repeat(egressLimits.policyBytesMax)}"`, "", "split it"],
  ])("%s", (_, text, path, fix) => {
    const parsed = parsePolicy(text);
    const [problem] = parsed.ok ? [] : parsed.error;
    expect(problem).toMatchObject({ rule: null, path });
    expect(problem?.message).toContain(fix);
  });

  test("too many rules", () => {
    const rules = Array.from({ length: egressLimits.rulesMax + 1 }, () => ({ host }));
    expect(readPolicy({ rules }).ok).toBe(false);
    expect(readPolicy({ rules: rules.slice(1) }).ok).toBe(true);
  });

  test("a credential for loopback in a local policy", () => {
    const rules = [{ host: "127.0.0.1", inject }];
    expect(readPolicy({ local_development: true, rules })).toMatchObject({
      ok: false,
      error: [{ rule: 0, path: "rules[0].inject" }],
    });
  });
});

test("every problem is reported, not only the first one", () => {
  const parsed = readPolicy({
    rules: [{ host: "A.example" }, { host: "b.example" }, { host: "*" }],
  });
  expect(parsed.ok ? [] : parsed.error.map(({ rule }) => rule)).toEqual([0, 2]);
});

test("a valid rule that can never match gives a warning", () => {
  const parsed = readPolicy({
    rules: [
      { host: "10.0.0.1" },
      { host, path_prefix: "/a/../b" },
      { host, schemes: ["http", "https"], inject },
      { host, path_prefix: "/fine/" },
      { host, methods: [] },
      { host, schemes: [] },
    ],
  });
  expect(parsed.ok && parsed.value.warnings.map(({ path }) => path)).toEqual([
    "rules[0].host",
    "rules[1].path_prefix",
    "rules[2].schemes",
    "rules[3]",
    "rules[4].methods",
    "rules[5].schemes",
  ]);
});

test("both spellings of the prefix and any order of keys have one canonical text", () => {
  const policy = parsePolicy(
    '{"rules": [{"host": "a.example", "pathPrefix": "/v1"}], "description": "x"}',
  );
  const two = parsePolicy(
    '{"description": "x", "rules": [{"path_prefix": "/v1", "host": "a.example"}]}',
  );
  if (!policy.ok || !two.ok) throw new Error("both are valid");
  expect(policy.value.canonical).toBe(two.value.canonical);
  expect(parsePolicy(policy.value.canonical)).toEqual(policy);
});

test("a secret's plain name and its object form have one canonical text", () => {
  const policy = parsePolicy('{"rules": [], "secrets": ["B"]}');
  const two = parsePolicy('{"rules": [], "secrets": [{"name": "B"}]}');
  if (!policy.ok || !two.ok) throw new Error("both are valid");
  expect(policy.value.canonical).toBe(two.value.canonical);
  expect(parsePolicy(policy.value.canonical)).toEqual(policy);
});

test("a secret that can sign nothing gives a warning", () => {
  const parsed = readPolicy({
    rules: [],
    tenants: ["a", "b"],
    secrets: [
      { name: "A", tenants: ["a", "b"], hosts: ["hooks.example"] },
      { name: "B", tenants: ["c"] },
      { name: "C", tenants: [] },
      { name: "D", tenants: ["a"], hosts: [] },
    ],
  });
  expect(parsed.ok && parsed.value.warnings.map(({ path }) => path)).toEqual([
    "secrets[1].tenants",
    "secrets[2].tenants",
    "secrets[3].hosts",
  ]);
});

test("a tenant gets the names of only its own secrets", () => {
  const parsed = readPolicy({
    rules: [{ host, inject }],
    tenants: ["a", "b"],
    secrets: [
      { name: "A", tenants: ["a"] },
      { name: "B", tenants: ["b"] },
    ],
  });
  expect(parsed.ok && secretsOf(parsed.value.policy, "a")).toEqual(["TOKEN", "A"]);
});

test("the secrets that a policy needs are listed without duplicates", () => {
  const parsed = readPolicy({
    rules: [
      { host, inject },
      { host, inject },
      { host: "b.example", inject: { ...inject, secret: "B" } },
    ],
    secrets: ["SIGNING", "B"],
  });
  expect(parsed.ok && secretsOf(parsed.value.policy)).toEqual(["TOKEN", "B", "SIGNING"]);
});

test("no text makes the parser throw, and every problem names its place and the fix", () => {
  const key = fc.constantFrom("rules", "host", "inject", "limits", "__proto__", "constructor", "x");
  const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.domain());
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      leaf,
      fc.array(tie("tree"), { maxLength: 4 }),
      fc.dictionary(key, tie("tree"), { maxKeys: 4 }),
      fc.record({ rules: fc.array(fc.record({ host: tie("tree") }), { maxLength: 3 }) }),
    ),
  }));
  const texts = fc.oneof(
    fc.string(),
    fc.json(),
    tree.map((value) => JSON.stringify(value) ?? ""),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const parsed = parsePolicy(text);
      if (parsed.ok) {
        expect(parsePolicy(parsed.value.canonical)).toEqual(parsed);
        return;
      }
      expect(parsed.error.length).toBeGreaterThan(0);
      for (const { rule, path, message } of parsed.error) {
        expect(path.startsWith("rules[") ? path : "").toBe(rule === null ? "" : path);
        if (rule !== null) expect(path.startsWith(`rules[${rule}]`)).toBe(true);
        expect(message.length).toBeGreaterThan(10);
        expect(message).not.toContain("undefined");
      }
    }),
    { numRuns: 1_000 },
  );
});

test("a deeply nested text is invalid", () => {
  expect(parsePolicy(`{"rules": ${"[".repeat(50_000)}${"]".repeat(50_000)}}`).ok).toBe(false);
});
