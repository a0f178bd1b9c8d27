import { expect, test } from "vitest";
import type { GatewayOptions } from "../../../consumer/egress/gateway.ts";
import { err, ok } from "../../../shared/result.ts";
import { errorOf, get, parseValidPolicy, recordGateway, threeHosts } from "../recorded_gateway.ts";

const noRules = { rules: [] };

test.each([
  "no_policy",
  "unknown_policy",
  "invalid_policy",
  "tenant",
  "local_only",
  "store_error",
] as const)("a gateway without a policy (%s) denies every request", async (reason) => {
  const { gateway, sent } = recordGateway(noRules, () => new Response(), {
    policy: err({ reason }),
  });
  const response = await gateway.fetch(get("https://open.example.com/"));
  expect(response.status).toBe(403);
  expect(errorOf(response)).toMatchObject({ code: "egress_denied", reason });
  expect(sent).toHaveLength(0);
  expect(gateway.drain()).toMatchObject([{ action: "deny", rule: null, reason }]);
});

test("a policy without rules denies every request", async () => {
  const { gateway, sent } = recordGateway(noRules, () => new Response());
  expect(errorOf(await gateway.fetch(get("https://open.example.com/"))).reason).toBe("no_rule");
  expect(sent).toHaveLength(0);
});

const loopback = {
  local_development: true,
  rules: [
    { host: "127.0.0.1", schemes: ["http"], port: 9911 },
    { host: "localhost", schemes: ["http"] },
    { host: "[::1]", schemes: ["http"] },
    { host: "10.0.0.1", schemes: ["http"] },
    { host: "open.example.com" },
  ],
};

const local: Partial<GatewayOptions> = { mode: "local" };

test.each([
  "http://127.0.0.1:9911/x",
  "http://localhost/",
  "http://[::1]/",
  "http://2130706433:9911/",
])("a local run with `local_development` reaches the listed %s", async (url) => {
  const { gateway, sent } = recordGateway(loopback, () => new Response("here"), local);
  expect((await gateway.fetch(get(url))).status).toBe(200);
  expect(sent).toHaveLength(1);
});

test.each([
  ["another loopback address", "http://127.0.0.2:9911/", "no_rule"],
  ["another port", "http://127.0.0.1:9912/", "no_rule"],
  ["a listed private address", "http://10.0.0.1/", "address"],
  ["an embedded loopback address", "http://[::ffff:127.0.0.1]:9911/", "address"],
  ["the unspecified address", "http://0.0.0.0:9911/", "address"],
  ["a name below localhost", "http://a.localhost/", "name"],
])("a local run with `local_development` does not reach %s", async (_, url, reason) => {
  const { gateway, sent } = recordGateway(loopback, () => new Response(), local);
  expect(errorOf(await gateway.fetch(get(url))).reason).toBe(reason);
  expect(sent).toHaveLength(0);
});

test("a local run without `local_development` reaches no loopback address, listed or not", async () => {
  const { gateway } = recordGateway(
    { ...loopback, local_development: false },
    () => new Response(),
    local,
  );
  expect(errorOf(await gateway.fetch(get("http://127.0.0.1:9911/"))).reason).toBe("address");
});

test.each([
  ["a policy for local runs", { policy: ok({ policy: parseValidPolicy(loopback) }) }],
  [
    "mapped hosts",
    {
      policy: ok({ policy: parseValidPolicy(threeHosts) }),
      hosts: new Map([["open.example.com", new URL("http://127.0.0.1:9911")]]),
    },
  ],
])("a deployed gateway with %s denies every request", async (_, overrides) => {
  const { gateway, sent } = recordGateway(noRules, () => new Response(), overrides);
  expect(errorOf(await gateway.fetch(get("https://open.example.com/"))).reason).toBe("local_only");
  expect(sent).toHaveLength(0);
});
