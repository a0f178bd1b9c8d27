import { afterEach, expect, test, vi } from "vitest";
import { readConfig } from "../../../consumer/config/config.ts";
import { fleetGateway } from "../../../consumer/egress/fleet_gateway.ts";
import { errorOf, post } from "../../egress/recorded_gateway.ts";
import { bench } from "../harness.ts";

afterEach(() => vi.unstubAllGlobals());

const FLEET_POLICIES = JSON.stringify({
  webhooks: {
    rules: [{ host: "hooks.example", inject: { header: "x-signature", secret: "HOOK" } }],
    tenants: ["default"],
  },
});

async function sending(tenant: string, url: string) {
  const sent: { url: string; signature: string | null; redirect: unknown }[] = [];
  vi.stubGlobal("fetch", async (to: string, init: RequestInit) => {
    const signature = new Headers(init.headers).get("x-signature");
    sent.push({ url: to, signature, redirect: init.redirect });
    return new Response(null, { status: 302, headers: { location: "https://evil.example/" } });
  });
  const fleet = await readConfig(bench({ FLEET_POLICIES, SECRET_HOOK: "signed" }).env);
  const gateway = fleetGateway(fleet, {
    policyName: "webhooks",
    tenant,
    limits: { requests: 1, bytes: 10_000 },
    signal: new AbortController().signal,
    about: { task_id: "task_1" },
  });
  return { answer: await gateway.fetch(post(url, "{}")), sent, rows: gateway.drain() };
}

test("what the fleet sends is decided by the policy that it names, and not redirected", async () => {
  const { answer, sent, rows } = await sending("default", "https://hooks.example/done");
  expect(answer.status).toBe(302);
  expect(sent).toEqual([
    { url: "https://hooks.example/done", signature: "signed", redirect: "manual" },
  ]);
  expect(rows).toMatchObject([{ action: "inject", policy: "webhooks", credential: "HOOK" }]);
});

test.each([
  ["default", "https://elsewhere.example/", "no_rule"],
  ["default", "http://hooks.example/done", "no_rule"],
  ["default", "https://10.0.0.1/", "address"],
  ["acme", "https://hooks.example/done", "tenant"],
])("of tenant %s to %s it is refused: %s", async (tenant, url, reason) => {
  const { answer, sent } = await sending(tenant, url);
  expect(errorOf(answer).reason).toBe(reason);
  expect(sent).toEqual([]);
});
