import { afterEach, expect, test, vi } from "vitest";
import { readConfig } from "../../../consumer/config/config.ts";
import { createFleetGateway } from "../../../consumer/egress/fleet_gateway.ts";
import { errorOf, post } from "../../egress/recorded_gateway.ts";
import { testConsumer } from "../harness.ts";

afterEach(() => vi.unstubAllGlobals());

const FLEET_POLICIES = JSON.stringify({
  webhooks: {
    rules: [{ host: "hooks.example", inject: { header: "x-signature", secret: "HOOK" } }],
    tenants: ["default"],
  },
});

async function sendAs(tenant: string, url: string) {
  const sent: { url: string; signature: string | null; redirect: unknown }[] = [];
  vi.stubGlobal("fetch", async (to: string, init: RequestInit) => {
    const signature = new Headers(init.headers).get("x-signature");
    sent.push({ url: to, signature, redirect: init.redirect });
    return new Response(null, { status: 302, headers: { location: "https://evil.example/" } });
  });
  const config = await readConfig(testConsumer({ FLEET_POLICIES, SECRET_HOOK: "signed" }).env);
  const gateway = createFleetGateway(config, {
    policyName: "webhooks",
    tenant,
    limits: { requests: 1, bytes: 10_000 },
    signal: new AbortController().signal,
    logFields: { task_id: "task_1" },
  });
  return { answer: await gateway.fetch(post(url, "{}")), sent, rows: gateway.drain() };
}

test("a request of the fleet is decided by the named policy and not redirected", async () => {
  const { answer, sent, rows } = await sendAs("default", "https://hooks.example/done");
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
])("a request of tenant %s to %s is denied: %s", async (tenant, url, reason) => {
  const { answer, sent } = await sendAs(tenant, url);
  expect(errorOf(answer).reason).toBe(reason);
  expect(sent).toEqual([]);
});
