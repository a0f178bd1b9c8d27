import fc from "fast-check";
import { expect, test } from "vitest";
import { compile, decide } from "../../../policies/decide.ts";
import { type ParseResult, parsePolicy, readPolicy } from "../../../policies/policy.ts";
import { egressLimits } from "../../../shared/limits.ts";

/** Each message contains a verb that says what to do. */
const advice = /\b(write|remove|name|use|keep|split|list|add|start|map|move|leave)s?\b/i;

/** A problem says where it is and what to do; a valid policy reads its own canonical text. */
function expectSound(parsed: ParseResult): void {
  if (parsed.ok) {
    const { canonical, warnings } = parsed.value;
    expect(parsePolicy(canonical)).toMatchObject({ ok: true, value: { canonical } });
    for (const { path, message } of warnings) expect(`${path} ${message}`).toMatch(advice);
    return;
  }
  expect(parsed.error.length).toBeGreaterThan(0);
  expect(parsed.error.length).toBeLessThanOrEqual(egressLimits.policyProblemsMax);
  for (const { rule, path, message } of parsed.error) {
    expect(message).toMatch(advice);
    const index = /^rules\[(\d+)\]/.exec(path)?.[1];
    expect(rule).toBe(index === undefined ? null : Number(index));
  }
}

const oddValue = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(
    null,
    -1,
    0,
    1e99,
    1.5,
    "",
    "*",
    "*.a.b",
    "__proto__",
    [],
    {},
    [[]],
    true,
  ),
  fc.string({ unit: "binary", maxLength: 20 }),
);
const rule = {
  host: "api.example.com",
  schemes: ["https"],
  port: 8443,
  methods: ["GET"],
  path_prefix: "/v1/",
  inject: { header: "authorization", secret: "TOKEN", prefix: "Bearer " },
  route: "INNER",
};
const fields = [...Object.keys(rule), "pathPrefix", "__proto__", "constructor", "host ", "Host"];

test("any text gives a policy or problems, and never throws", () => {
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.json(),
    oddValue.map((value) => JSON.stringify(value)),
    oddValue.map((value) => JSON.stringify({ rules: value })),
    fc.nat(50_000).map((depth) => "[".repeat(depth)),
    fc.nat(50_000).map((depth) => `${"[".repeat(depth)}${"]".repeat(depth)}`),
    fc.nat(20_000).map((depth) => `{"rules":${"[".repeat(depth)}${"]".repeat(depth)}}`),
    fc.nat(20_000).map((depth) => `${'{"rules":'.repeat(depth)}1${"}".repeat(depth)}`),
  );
  fc.assert(
    fc.property(texts, (text) => expectSound(parsePolicy(text))),
    { numRuns: 500 },
  );
});

test("any value of any rule field is accepted, or rejected at that rule", () => {
  let [accepted, rejected] = [0, 0];
  fc.assert(
    fc.property(fc.constantFrom(...fields), oddValue, fc.nat(3), (field, value, index) => {
      const rules: unknown[] = Array.from({ length: 4 }, () => rule);
      // Only JSON.parse creates an own property named __proto__.
      rules[index] = JSON.parse(
        `${JSON.stringify(rule).slice(0, -1)},${JSON.stringify(field)}:${JSON.stringify(value) ?? "null"}}`,
      );
      const parsed = readPolicy({ rules });
      expectSound(parsed);
      if (parsed.ok) accepted += 1;
      else {
        rejected += 1;
        expect(new Set(parsed.error.map(({ rule }) => rule))).toEqual(new Set([index]));
      }
    }),
    { numRuns: 2_000 },
  );
  expect(accepted).toBeGreaterThan(0);
  expect(rejected).toBeGreaterThan(500);
});

test("any value of any file field is accepted or rejected", () => {
  const names = ["rules", "limits", "tenants", "secrets", "description", "local_development", "x"];
  fc.assert(
    fc.property(fc.constantFrom(...names), oddValue, (name, value) => {
      expectSound(readPolicy({ rules: [rule], [name]: value }));
    }),
    { numRuns: 1_000 },
  );
});

test("any value of any signing secret field is accepted, or rejected at that secret", () => {
  const secret = { name: "KEY", tenants: ["a"], hosts: ["a.example"] };
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.keys(secret), "__proto__", "x"),
      oddValue,
      (field, value) => {
        const entry: unknown = JSON.parse(
          `${JSON.stringify(secret).slice(0, -1)},${JSON.stringify(field)}:${JSON.stringify(value) ?? "null"}}`,
        );
        const parsed = readPolicy({ rules: [rule], tenants: ["a", "b"], secrets: ["ours", entry] });
        expect(parsed.ok).toBe(false);
        const policy = readPolicy({ rules: [rule], tenants: ["a", "b"], secrets: [entry] });
        expectSound(policy);
        if (policy.ok) return;
        for (const { path } of policy.error) expect(path).toMatch(/^secrets\[0\]/);
      },
    ),
    { numRuns: 500 },
  );
});

test("every request gets a decision under any policy", () => {
  const host = fc.constantFrom("a.example", "*.a.example", "1.1.1.1", "[2606:4700::1]", "10.0.0.1");
  const rules = fc.array(
    fc.record(
      {
        host,
        schemes: fc.subarray(["http", "https"]),
        port: fc.integer({ min: 1, max: 65_535 }),
        methods: fc.subarray(["GET", "POST"]),
        path_prefix: fc.string({ maxLength: 8 }).map((text) => `/${text}`),
      },
      { requiredKeys: ["host"] },
    ),
    { maxLength: 4 },
  );
  const request = fc.record({
    url: fc.oneof(fc.webUrl(), fc.string({ unit: "binary" })),
    method: fc.string({ maxLength: 8 }),
    headers: fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 3 }),
  });
  fc.assert(
    fc.property(rules, request, (policyRules, outbound) => {
      const parsed = readPolicy({ rules: policyRules });
      expectSound(parsed);
      const { action } = decide(parsed.ok ? compile(parsed.value.policy) : null, outbound);
      expect(["deny", "allow", "inject"]).toContain(action);
    }),
    { numRuns: 300 },
  );
});
