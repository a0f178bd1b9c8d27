import fc from "fast-check";
import { expect, test } from "vitest";
import { compile, decide } from "../../policies/decide.ts";
import { type Parsed, parsePolicy, readPolicy } from "../../policies/policy.ts";
import { egressLimits } from "../../shared/limits.ts";

/** Words that tell what to do, of which each mend has one. */
const mend = /\b(write|remove|name|keep|split|list|begin|map|put|leave)s?\b/i;

/** A refusal says where and what to do; an accepted policy is its own canonical text. */
function sound(parsed: Parsed): void {
  if (parsed.ok) {
    expect(parsePolicy(parsed.canonical)).toMatchObject({ ok: true, canonical: parsed.canonical });
    for (const { path, message } of parsed.warnings) expect(`${path} ${message}`).toMatch(mend);
    return;
  }
  expect(parsed.refusals.length).toBeGreaterThan(0);
  expect(parsed.refusals.length).toBeLessThanOrEqual(egressLimits.policyRefusalsMax);
  for (const { rule, path, message } of parsed.refusals) {
    expect(message).toMatch(mend);
    const named = /^rules\[(\d+)\]/.exec(path)?.[1];
    expect(rule).toBe(named === undefined ? null : Number(named));
  }
}

const odd = fc.oneof(
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

test("any text is taken or refused, never a crash", () => {
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.json(),
    odd.map((value) => JSON.stringify(value)),
    odd.map((value) => JSON.stringify({ rules: value })),
    fc.nat(50_000).map((depth) => "[".repeat(depth)),
    fc.nat(50_000).map((depth) => `${"[".repeat(depth)}${"]".repeat(depth)}`),
    fc.nat(20_000).map((depth) => `{"rules":${"[".repeat(depth)}${"]".repeat(depth)}}`),
    fc.nat(20_000).map((depth) => `${'{"rules":'.repeat(depth)}1${"}".repeat(depth)}`),
  );
  fc.assert(
    fc.property(texts, (text) => sound(parsePolicy(text))),
    { numRuns: 500 },
  );
});

test("any field of a rule with any value is taken, or refused at that rule", () => {
  let [taken, refused] = [0, 0];
  fc.assert(
    fc.property(fc.constantFrom(...fields), odd, fc.nat(3), (field, value, at) => {
      const rules: unknown[] = Array.from({ length: 4 }, () => rule);
      // Parsed, because only a parser makes an own field of this name.
      rules[at] = JSON.parse(
        `${JSON.stringify(rule).slice(0, -1)},${JSON.stringify(field)}:${JSON.stringify(value) ?? "null"}}`,
      );
      const parsed = readPolicy({ rules });
      sound(parsed);
      if (parsed.ok) taken += 1;
      else {
        refused += 1;
        expect(new Set(parsed.refusals.map((one) => one.rule))).toEqual(new Set([at]));
      }
    }),
    { numRuns: 2_000 },
  );
  expect(taken).toBeGreaterThan(0);
  expect(refused).toBeGreaterThan(500);
});

test("any field of a file with any value is taken or refused", () => {
  const names = ["rules", "limits", "tenants", "secrets", "description", "local_development", "x"];
  fc.assert(
    fc.property(fc.constantFrom(...names), odd, (name, value) => {
      sound(readPolicy({ rules: [rule], [name]: value }));
    }),
    { numRuns: 1_000 },
  );
});

test("any field of a signing secret with any value is taken or refused at that secret", () => {
  const secret = { name: "KEY", tenants: ["a"], hosts: ["a.example"] };
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(secret), "__proto__", "x"), odd, (field, value) => {
      const entry: unknown = JSON.parse(
        `${JSON.stringify(secret).slice(0, -1)},${JSON.stringify(field)}:${JSON.stringify(value) ?? "null"}}`,
      );
      const parsed = readPolicy({ rules: [rule], tenants: ["a", "b"], secrets: ["ours", entry] });
      expect(parsed.ok).toBe(false);
      const one = readPolicy({ rules: [rule], tenants: ["a", "b"], secrets: [entry] });
      sound(one);
      if (one.ok) return;
      for (const { path } of one.refusals) expect(path).toMatch(/^secrets\[0\]/);
    }),
    { numRuns: 500 },
  );
});

test("whatever policy was taken, every request gets a decision", () => {
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
    fc.property(rules, request, (given, asked) => {
      const parsed = readPolicy({ rules: given });
      sound(parsed);
      const { action } = decide(parsed.ok ? compile(parsed.policy) : null, asked);
      expect(["deny", "allow", "inject"]).toContain(action);
    }),
    { numRuns: 300 },
  );
});
