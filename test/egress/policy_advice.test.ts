import { describe, expect, test } from "vitest";
import { readPolicy } from "../../policies/policy.ts";

const refusals = (value: unknown): string[] => {
  const parsed = readPolicy(value);
  return parsed.ok ? [] : parsed.refusals.map(({ path, message }) => `${path} ${message}`);
};
const warnings = (...rules: object[]): string[] => {
  const parsed = readPolicy({ rules });
  return parsed.ok ? parsed.warnings.map(({ path, message }) => `${path} ${message}`) : ["refused"];
};

describe("a mistyped field", () => {
  test("is told by what was meant, and the field that is missing so is told as missing", () => {
    expect(refusals({ rules: [{ hots: "a.example" }] })).toEqual([
      "rules[0].host is missing; write a name such as api.example.com",
      'rules[0].hots is not known; did you mean "host"? Else remove it',
    ]);
  });

  test.each([
    [{ rules: [{ host: "a.example", path_prefx: "/" }] }, '"path_prefix"'],
    [{ rule: [] }, '"rules"'],
    [{ rules: [], limits: { request: 1 } }, '"requests"'],
    [{ rules: [{ host: "a.example", inject: { headr: "x", secret: "S" } }] }, '"header"'],
  ])("is matched with its neighbours: %j", (value, meant) => {
    expect(refusals(value).join("\n")).toContain(`did you mean ${meant}?`);
  });

  test("that is like none is only not known", () => {
    expect(refusals({ rules: [], colour: 1 })).toEqual(["colour is not known; remove it"]);
  });
});

describe("a rule that an earlier one covers", () => {
  const host = "a.example";
  const inject = { header: "x", secret: "S" };
  const never =
    "rules[1] never applies: rules[0] matches all that it does; remove it or put it first";
  test.each([
    ["the same rule again", { host }, { host }],
    ["fewer methods", { host }, { host, methods: ["GET"] }],
    ["a narrower path", { host, path_prefix: "/v1" }, { host, path_prefix: "/v1/orders" }],
    ["a name under a wildcard", { host: "*.a.example" }, { host: "b.a.example" }],
    ["a wildcard under a wildcard", { host: "*.a.example" }, { host: "*.b.a.example" }],
    ["the default port, written out", { host }, { host, port: 443 }],
    ["an injection that comes too late", { host }, { host, inject }],
    ["http that an injection drops", { host }, { host, schemes: ["https", "http"], inject }],
  ])("is warned of: %s", (_, first, second) => {
    expect(warnings(first, second)).toContain(never);
  });

  test.each([
    ["another host", { host }, { host: "b.example" }],
    ["the suffix of a wildcard itself", { host: "*.a.example" }, { host }],
    ["a name that only ends alike", { host: "*.a.example" }, { host: "ba.example" }],
    ["more methods", { host, methods: ["GET"] }, { host, methods: ["GET", "POST"] }],
    ["all methods", { host, methods: ["GET"] }, { host }],
    ["a wider path", { host, path_prefix: "/v1" }, { host, path_prefix: "/" }],
    ["a path off the border", { host, path_prefix: "/v1" }, { host, path_prefix: "/v12" }],
    ["every path", { host, path_prefix: "/" }, { host }],
    ["another port", { host }, { host, port: 8443 }],
    ["http besides", { host }, { host, schemes: ["https", "http"] }],
    ["http after an injection", { host, inject }, { host, schemes: ["http"] }],
    [
      "a port that one scheme alone has by default",
      { host, schemes: ["https", "http"] },
      { host, schemes: ["https", "http"], port: 443 },
    ],
  ])("is not: %s", (_, first, second) => {
    expect(warnings(first, second)).toEqual([]);
  });
});
