import { expect, test } from "vitest";
import { createGateway } from "../../../consumer/egress/gateway.ts";
import { readPolicy } from "../../../policies/policy.ts";
import { policies } from "./policies.ts";
import { type Case, cases } from "./table.ts";

/** What reached the upstream when a case went through the gateway. */
async function through({ policy, url, method, headers }: Case) {
  const sent: { url: string; method: string; redirect: string; authorization: string | null }[] =
    [];
  const parsed = readPolicy(typeof policy === "string" ? policies[policy] : policy);
  const gateway = createGateway({
    policyName: "conformance",
    policy: parsed.ok
      ? { ok: true, policy: parsed.policy }
      : { ok: false, reason: "invalid_policy" },
    mode: "deployed",
    secretOf: () => "the-injected-value",
    hosts: new Map(),
    routes: {},
    limits: { requests: 1, bytes: 1_000 },
    used: { requests: 0, bytes_in: 0, bytes_out: 0, ms: 0 },
    signal: new AbortController().signal,
    beforeSend: async () => "go",
    log: () => {},
    send: async (to, init) => {
      const out = new Headers(init.headers);
      sent.push({
        url: to,
        method: init.method ?? "",
        redirect: init.redirect ?? "",
        authorization: out.get("authorization"),
      });
      return new Response(null);
    },
  });
  const response = await gateway.fetch({
    url,
    method,
    headers: headers.map(([name, value]) => [name, value]),
    body: null,
  });
  return { sent, response, rows: gateway.drain() };
}

test("of all cases, the gateway sends exactly the decided URL of the allowed ones", async () => {
  let forwarded = 0;
  for (const one of cases) {
    const [action] = one.expected.split(" ");
    const { sent, response, rows } = await through(one);
    const where = `${one.method} ${JSON.stringify(one.url)}`;
    expect(
      rows.map((row) => row.action),
      where,
    ).toEqual([action]);
    if (action === "deny") {
      expect(sent, where).toEqual([]);
      expect(response.status, where).toBe(403);
      continue;
    }
    forwarded += 1;
    expect(sent, where).toEqual([
      {
        url: new URL(one.url).href,
        method: one.method.toUpperCase(),
        redirect: "manual",
        authorization: action === "inject" ? "Bearer the-injected-value" : null,
      },
    ]);
  }
  expect(forwarded).toBeGreaterThan(80);
});
