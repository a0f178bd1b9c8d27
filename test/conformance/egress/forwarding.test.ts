import { expect, test } from "vitest";
import { createGateway } from "../../../consumer/egress/gateway.ts";
import { readPolicy } from "../../../policies/policy.ts";
import { err } from "../../../shared/result.ts";
import type { Case } from "./case.ts";
import { policies } from "./policies.ts";
import { cases } from "./table.ts";

/** Sends a case through the gateway and records what reached the upstream. */
async function sendCase({ policy, url, method, headers }: Case) {
  const sent: { url: string; method: string; redirect: string; authorization: string | null }[] =
    [];
  const parsed = readPolicy(typeof policy === "string" ? policies[policy] : policy);
  const gateway = createGateway({
    policyName: "conformance",
    policy: parsed.ok ? parsed : err({ reason: "invalid_policy" }),
    mode: "deployed",
    secretOf: () => "the-injected-value",
    hosts: new Map(),
    routes: {},
    limits: { requests: 1, bytes: 1_000 },
    used: { requests: 0, bytes_in: 0, bytes_out: 0, ms: 0 },
    signal: new AbortController().signal,
    announce: async () => "go",
    log: () => {},
    send: async (target, init) => {
      const headersSent = new Headers(init.headers);
      sent.push({
        url: target,
        method: init.method ?? "",
        redirect: init.redirect ?? "",
        authorization: headersSent.get("authorization"),
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

test("the gateway sends exactly the decided URL of each allowed case, and no other", async () => {
  let forwarded = 0;
  for (const each of cases) {
    const [action] = each.expected.split(" ");
    const { sent, response, rows } = await sendCase(each);
    const where = `${each.method} ${JSON.stringify(each.url)}`;
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
        url: new URL(each.url).href,
        method: each.method.toUpperCase(),
        redirect: "manual",
        authorization: action === "inject" ? "Bearer the-injected-value" : null,
      },
    ]);
  }
  expect(forwarded).toBeGreaterThan(80);
});
