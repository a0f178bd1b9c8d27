import { describe, expect, test } from "vitest";
import { readPolicy } from "../../../policies/policy.ts";

const problems = (value: unknown): string[] => {
  const parsed = readPolicy(value);
  return parsed.ok ? [] : parsed.error.map(({ path, message }) => `${path} ${message}`);
};
const warnings = (...rules: object[]): string[] => {
  const parsed = readPolicy({ rules });
  return parsed.ok
    ? parsed.value.warnings.map(({ path, message }) => `${path} ${message}`)
    : ["invalid"];
};

describe("a mistyped field", () => {
  test("is reported with the likely field, and the missing field is reported too", () => {
    expect(problems({ rules: [{ hots: "a.example" }] })).toEqual([
      "rules[0].host is missing; write a name such as api.example.com",
      'rules[0].hots is unknown; did you mean "host"? Otherwise remove it',
    ]);
  });

  test.each([
    [{ rules: [{ host: "a.example", path_prefx: "/" }] }, '"path_prefix"'],
    [{ rule: [] }, '"rules"'],
    [{ rules: [], limits: { request: 1 } }, '"requests"'],
    [{ rules: [{ host: "a.example", inject: { headr: "x", secret: "S" } }] }, '"header"'],
  ])("is matched with the known fields: %j", (value, suggestion) => {
    expect(problems(value).join("\n")).toContain(`did you mean ${suggestion}?`);
  });

  test("without a similar known field is only reported as unknown", () => {
    expect(problems({ rules: [], colour: 1 })).toEqual(["colour is unknown; remove it"]);
  });
});

describe("a rule after an earlier rule", () => {
  const host = "a.example";
  const inject = { header: "x", secret: "S" };
  const never =
    "rules[1] never applies: rules[0] matches everything that it matches; remove it or move it up";
  test.each([
    ["the same rule again", { host }, { host }],
    ["fewer methods", { host }, { host, methods: ["GET"] }],
    ["a narrower path", { host, path_prefix: "/v1" }, { host, path_prefix: "/v1/orders" }],
    ["a name under a wildcard", { host: "*.a.example" }, { host: "b.a.example" }],
    ["a wildcard under a wildcard", { host: "*.a.example" }, { host: "*.b.a.example" }],
    ["the default port, written out", { host }, { host, port: 443 }],
    ["an injection after an open rule", { host }, { host, inject }],
    ["http that an injection drops", { host }, { host, schemes: ["https", "http"], inject }],
  ])("gives a warning: %s", (_, first, second) => {
    expect(warnings(first, second)).toContain(never);
  });

  test.each([
    ["another host", { host }, { host: "b.example" }],
    ["the suffix of a wildcard itself", { host: "*.a.example" }, { host }],
    ["a name with the same ending", { host: "*.a.example" }, { host: "ba.example" }],
    ["more methods", { host, methods: ["GET"] }, { host, methods: ["GET", "POST"] }],
    ["all methods", { host, methods: ["GET"] }, { host }],
    ["a wider path", { host, path_prefix: "/v1" }, { host, path_prefix: "/" }],
    [
      "a path outside a segment boundary",
      { host, path_prefix: "/v1" },
      { host, path_prefix: "/v12" },
    ],
    ["every path", { host, path_prefix: "/" }, { host }],
    ["another port", { host }, { host, port: 8443 }],
    ["http too", { host }, { host, schemes: ["https", "http"] }],
    ["http after an injection", { host, inject }, { host, schemes: ["http"] }],
    [
      "a default port of only one scheme",
      { host, schemes: ["https", "http"] },
      { host, schemes: ["https", "http"], port: 443 },
    ],
  ])("gives no warning: %s", (_, first, second) => {
    expect(warnings(first, second)).toEqual([]);
  });
});
