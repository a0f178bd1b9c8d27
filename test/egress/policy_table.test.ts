import { describe, expect, test } from "vitest";
import { findPolicy, pinnedPolicy, policyTable, shippedNames } from "../../policies/index.ts";

const further = JSON.stringify({
  mine: { rules: [{ host: "api.example.com" }], tenants: ["acme"] },
  text: '{"rules": [{"host": "text.example.com"}]}',
  broken: { rules: [{ host: "API.example.com" }] },
  local: { rules: [{ host: "127.0.0.1" }], local_development: true },
});
const table = policyTable(further, "local");

test("the shipped default denies everything and the shipped webhooks deliver nowhere", () => {
  const shipped = policyTable(undefined, "deployed");
  for (const name of ["default", "webhooks"]) {
    expect(findPolicy(shipped, name, "default", "deployed")).toMatchObject({
      ok: true,
      policy: { rules: [] },
    });
  }
});

test("every shipped policy is valid for the default tenant of a deployed Worker", () => {
  const shipped = policyTable(undefined, "deployed");
  for (const name of shippedNames) {
    expect(findPolicy(shipped, name, "default", "deployed").ok).toBe(true);
  }
});

describe("a policy is not given", () => {
  test.each([
    ["that does not exist", "absent", "default", "unknown_policy"],
    ["named like a property of objects", "constructor", "default", "unknown_policy"],
    ["named __proto__", "__proto__", "default", "unknown_policy"],
    ["that is invalid", "broken", "default", "invalid_policy"],
    ["to a tenant that it does not list", "mine", "default", "tenant"],
    ["to another tenant where it lists none", "text", "acme", "tenant"],
  ])("%s", (_, name, tenant, reason) => {
    expect(findPolicy(table, name, tenant, "local")).toMatchObject({ ok: false, reason });
  });

  test("for local runs to a deployed Worker", () => {
    expect(findPolicy(table, "local", "default", "deployed")).toMatchObject({
      reason: "local_only",
    });
    expect(findPolicy(table, "local", "default", "local").ok).toBe(true);
  });
});

test("further policies may be values or texts", () => {
  expect(findPolicy(table, "mine", "acme", "local").ok).toBe(true);
  expect(findPolicy(table, "text", "default", "local").ok).toBe(true);
});

test.each([
  ["a deployed Worker", further, "deployed", "local runs only"],
  ["text that is not JSON", "{", "local", "not a JSON object"],
  ["a list", "[]", "local", "not a JSON object"],
  ["a bad name", '{"Bad Name": {"rules": []}}', "local", "Bad Name"],
] as const)(
  "FLEET_POLICIES of %s add nothing, and an unknown name says why",
  (_, text, mode, words) => {
    const without = policyTable(text, mode);
    expect([...without.sources.keys()].sort()).toEqual([...shippedNames].sort());
    const answer = findPolicy(without, "mine", "acme", mode);
    expect(answer.ok ? "" : answer.message).toContain(words);
  },
);

describe("a pinned policy", () => {
  const pinned = '{"rules":[{"host":"pinned.example.com"}],"tenants":["acme"]}';

  test("keeps its text while the table's changes", () => {
    expect(pinnedPolicy(table, "mine", pinned, "acme", "local")).toMatchObject({
      ok: true,
      policy: { rules: [{ host: "pinned.example.com" }] },
    });
  });

  test("keeps its text while the table's is broken", () => {
    const text = pinned.replace("acme", "default");
    expect(pinnedPolicy(table, "broken", text, "default", "local").ok).toBe(true);
  });

  test.each([
    ["whose name was removed", "absent", pinned, "unknown_policy"],
    ["that no longer admits the tenant", "text", pinned, "tenant"],
    ["whose kept text is damaged", "mine", "{", "invalid_policy"],
  ])("%s denies", (_, name, text, reason) => {
    expect(pinnedPolicy(table, name, text, "acme", "local")).toMatchObject({ ok: false, reason });
  });
});
