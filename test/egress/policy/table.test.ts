import { describe, expect, test } from "vitest";
import { findPolicy, pinnedPolicy, policyTable, shippedNames } from "../../../policies/index.ts";

const fleetPolicies = JSON.stringify({
  mine: { rules: [{ host: "api.example.com" }], tenants: ["acme"] },
  text: '{"rules": [{"host": "text.example.com"}]}',
  broken: { rules: [{ host: "API.example.com" }] },
  local: { rules: [{ host: "127.0.0.1" }], local_development: true },
});
const table = policyTable(fleetPolicies, "local");

test("the shipped policies `default` and `webhooks` have no rules", () => {
  const shipped = policyTable(undefined, "deployed");
  for (const name of ["default", "webhooks"]) {
    expect(findPolicy(shipped, name, "default", "deployed")).toMatchObject({
      ok: true,
      value: { policy: { rules: [] } },
    });
  }
});

test("every shipped policy is valid for the default tenant of a deployed Worker", () => {
  const shipped = policyTable(undefined, "deployed");
  for (const name of shippedNames) {
    expect(findPolicy(shipped, name, "default", "deployed").ok).toBe(true);
  }
});

describe("no policy is found", () => {
  test.each([
    ["for an unknown name", "absent", "default", "unknown_policy"],
    ["for the name of an object property", "constructor", "default", "unknown_policy"],
    ["for the name __proto__", "__proto__", "default", "unknown_policy"],
    ["for an invalid policy", "broken", "default", "invalid_policy"],
    ["for a tenant that it does not list", "mine", "default", "tenant"],
    ["for another tenant than the default one", "text", "acme", "tenant"],
  ])("%s", (_, name, tenant, reason) => {
    expect(findPolicy(table, name, tenant, "local")).toMatchObject({
      ok: false,
      error: { reason },
    });
  });

  test("for a deployed Worker, if the policy is for local runs", () => {
    expect(findPolicy(table, "local", "default", "deployed")).toMatchObject({
      error: { reason: "local_only" },
    });
    expect(findPolicy(table, "local", "default", "local").ok).toBe(true);
  });
});

test("FLEET_POLICIES accepts policies as objects or as text", () => {
  expect(findPolicy(table, "mine", "acme", "local").ok).toBe(true);
  expect(findPolicy(table, "text", "default", "local").ok).toBe(true);
});

test.each([
  ["a deployed Worker", fleetPolicies, "deployed", "local runs only"],
  ["text that is not JSON", "{", "local", "not a JSON object"],
  ["a list", "[]", "local", "not a JSON object"],
  ["a bad name", '{"Bad Name": {"rules": []}}', "local", "Bad Name"],
] as const)(
  "FLEET_POLICIES of %s adds no policy, and an unknown name reports why",
  (_, text, mode, message) => {
    const table = policyTable(text, mode);
    expect([...table.sources.keys()].sort()).toEqual([...shippedNames].sort());
    const lookup = findPolicy(table, "mine", "acme", mode);
    expect(lookup.ok ? "" : lookup.error.message).toContain(message);
  },
);

describe("a pinned policy", () => {
  const pinned = '{"rules":[{"host":"pinned.example.com"}],"tenants":["acme"]}';

  test("keeps its text when the table changes", () => {
    expect(pinnedPolicy(table, "mine", pinned, "acme", "local")).toMatchObject({
      ok: true,
      value: { policy: { rules: [{ host: "pinned.example.com" }] } },
    });
  });

  test("keeps its text when the table's policy is invalid", () => {
    const text = pinned.replace("acme", "default");
    expect(pinnedPolicy(table, "broken", text, "default", "local").ok).toBe(true);
  });

  test.each([
    ["whose name was removed", "absent", pinned, "unknown_policy"],
    ["that no longer allows the tenant", "text", pinned, "tenant"],
    ["whose stored text is damaged", "mine", "{", "invalid_policy"],
  ])("%s denies", (_, name, text, reason) => {
    expect(pinnedPolicy(table, name, text, "acme", "local")).toMatchObject({
      ok: false,
      error: { reason },
    });
  });
});
