/** Every limit of policies and of the decision log, exactly reached and exceeded by one. */
import { describe, expect, test } from "vitest";
import { proposeRules } from "../../../policies/learn.ts";
import { parsePolicy, readPolicy } from "../../../policies/policy.ts";
import { egressLimits } from "../../../shared/limits.ts";
import { errorOf, get, recordGateway } from "../recorded_gateway.ts";

const list = <T>(length: number, make: (n: number) => T): T[] =>
  Array.from({ length }, (_, n) => make(n));

const loggedRow = async (request: { url?: string; method?: string }) => {
  const { gateway } = recordGateway({ rules: [] }, () => new Response());
  await gateway.fetch({ ...get("https://a.example/"), ...request });
  const [row] = gateway.drain();
  if (row === undefined) throw new Error("no row");
  return row;
};

/** What is counted when the input has `n` of it. */
const measures: Partial<Record<keyof typeof egressLimits, (n: number) => unknown>> = {
  rulesMax: (n) => readPolicy({ rules: list(n, (index) => ({ host: `h${index}.example` })) }).ok,
  policyBytesMax: (n) => parsePolicy('{"rules": []}'.padEnd(n)).ok,
};

describe.each(Object.entries(measures))("a policy at the limit %s", (name, isValid) => {
  const limit = egressLimits[name as keyof typeof egressLimits];
  test("is valid", () => expect(isValid(limit)).toBe(true));
  test("plus one is invalid", () => expect(isValid(limit + 1)).toBe(false));
});

describe.each([
  ["shape", 7],
  ["host", "A.example"],
])("a policy with problems of the %s", (_, host) => {
  test.each([0, 1])("reports none of %i over the limit", (excess) => {
    const { policyProblemsMax } = egressLimits;
    const parsed = readPolicy({ rules: list(policyProblemsMax + excess, () => ({ host })) });
    expect(parsed.ok ? [] : parsed.error).toHaveLength(policyProblemsMax);
  });
});

test.each([0, 1])(
  "a denied request lists the allowed rules, without the %i over the limit",
  async (excess) => {
    const { allowedShownMax } = egressLimits;
    const rules = list(allowedShownMax + excess, (n) => ({ host: `h${n}.example` }));
    const { gateway } = recordGateway({ rules }, () => new Response());
    const { permitted } = errorOf(await gateway.fetch(get("https://a.example/")));
    expect(permitted).toHaveLength(allowedShownMax);
  },
);

test.each([
  [0, egressLimits.learnedPrefixesMax],
  [1, 1],
])("%i more unrelated paths than proposed prefixes give %i rules", (excess, rules) => {
  const paths = list(egressLimits.learnedPrefixesMax + excess, (n) => `https://a.example/p${n}`);
  const denied = paths.map((url) => ({ url, method: "GET", reason: "no_rule" }));
  expect(proposeRules(denied).rules).toHaveLength(rules);
});

test.each([0, 1])(
  "the log cuts a URL and a method that are %i over their limit",
  async (excess) => {
    const { loggedUrlCharsMax, loggedMethodCharsMax } = egressLimits;
    const url = "https://a.example/".padEnd(loggedUrlCharsMax + excess, "x");
    expect((await loggedRow({ url })).url).toHaveLength(loggedUrlCharsMax);
    const method = "X".repeat(loggedMethodCharsMax + excess);
    expect((await loggedRow({ method })).method).toHaveLength(loggedMethodCharsMax);
  },
);
