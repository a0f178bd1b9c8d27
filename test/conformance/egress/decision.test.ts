import { describe, expect, test } from "vitest";
import { compile, decide, decideLocally } from "../../../policies/decide.ts";
import { checkHost } from "../../../policies/host.ts";
import { readPolicy } from "../../../policies/policy.ts";
import type { Case } from "./case.ts";
import { patterns } from "./patterns.ts";
import { policies } from "./policies.ts";
import { cases, localCases } from "./table.ts";

/** The compiled policy of a case; null when it is invalid. */
function compilePolicy({ policy }: Case) {
  const parsed = readPolicy(typeof policy === "string" ? policies[policy] : policy);
  return parsed.ok ? compile(parsed.value.policy) : null;
}

test("the table has at least 300 different cases", () => {
  expect(new Set(cases.map((each) => JSON.stringify(each))).size).toBeGreaterThanOrEqual(300);
});

describe.each([...new Set(cases.map(({ category }) => category))])("%s", (category) => {
  const ofCategory = cases.filter((each) => each.category === category);
  test.each(ofCategory.map((each) => [each.method, each.url, each.expected, each] as const))(
    "the decision for %s %j is %s",
    (_method, _url, expected, each) => {
      const decision = decide(compilePolicy(each), each);
      expect(`${decision.action} ${decision.rule ?? decision.reason}`).toBe(expected);
      if (decision.action === "deny") return;
      expect(decision.reason).toBe("rule");
      expect(decision.url.href).toBe(new URL(each.url).href);
      expect(decision.method).toBe(each.method.toUpperCase());
    },
  );
});

describe("a local run", () => {
  test.each(localCases.map((each) => [each.policy, each.url, each.expected, each] as const))(
    "with the policy %s decides %s as %s",
    (_policy, _url, expected, each) => {
      const decision = decideLocally(compilePolicy(each), each);
      expect(`${decision.action} ${decision.rule ?? decision.reason}`).toBe(expected);
    },
  );
});

test("a local run decides every case without `local_development` like a deployed one", () => {
  for (const each of cases.filter(({ policy }) => policy !== "local")) {
    const policy = compilePolicy(each);
    expect(decideLocally(policy, each)).toEqual(decide(policy, each));
  }
});

test.each(patterns)("the host pattern %j is valid: %s", (pattern, valid) => {
  expect(checkHost(pattern).ok).toBe(valid);
});
