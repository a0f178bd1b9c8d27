import { describe, expect, test } from "vitest";
import { compile, decide, decideLocally } from "../../../policies/decide.ts";
import { hostProblem } from "../../../policies/host.ts";
import { readPolicy } from "../../../policies/policy.ts";
import { patterns } from "./patterns.ts";
import { policies } from "./policies.ts";
import { type Case, cases, localCases } from "./table.ts";

/** The case's policy, ready to decide; null where it is invalid. */
function compiled({ policy }: Case) {
  const parsed = readPolicy(typeof policy === "string" ? policies[policy] : policy);
  return parsed.ok ? compile(parsed.policy) : null;
}

test("the table has at least 300 different cases", () => {
  expect(new Set(cases.map((one) => JSON.stringify(one))).size).toBeGreaterThanOrEqual(300);
});

describe.each([...new Set(cases.map((one) => one.category))])("%s", (category) => {
  const ofCategory = cases.filter((one) => one.category === category);
  test.each(ofCategory.map((one) => [one.method, one.url, one.expected, one] as const))(
    "%s %j is %s",
    (_method, _url, expected, one) => {
      const decision = decide(compiled(one), one);
      expect(`${decision.action} ${decision.rule ?? decision.reason}`).toBe(expected);
      if (decision.action === "deny") return;
      expect(decision.reason).toBe("rule");
      expect(decision.url.href).toBe(new URL(one.url).href);
      expect(decision.method).toBe(one.method.toUpperCase());
    },
  );
});

describe("local run", () => {
  test.each(localCases.map((one) => [one.policy, one.url, one.expected, one] as const))(
    "of %s, %s is %s",
    (_policy, _url, expected, one) => {
      const decision = decideLocally(compiled(one), one);
      expect(`${decision.action} ${decision.rule ?? decision.reason}`).toBe(expected);
    },
  );
});

test("a local run decides every case of a policy without local_development alike", () => {
  for (const one of cases.filter(({ policy }) => policy !== "local")) {
    const policy = compiled(one);
    expect(decideLocally(policy, one)).toEqual(decide(policy, one));
  }
});

test.each(patterns)("the host pattern %j: valid is %s", (pattern, valid) => {
  expect(hostProblem(pattern) === null).toBe(valid);
});
