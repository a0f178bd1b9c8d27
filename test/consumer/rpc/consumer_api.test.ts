import { exports } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import type { ConsumerStub } from "../../../consumer/rpc/consumer_api.ts";
import { consumerWith } from "./consumer_stub.ts";

const secret = "the value that no one may read";
const FLEET_POLICIES = JSON.stringify({
  shop: {
    rules: [
      { host: "shop.example", inject: { header: "x-key", secret: "SHOP_KEY" } },
      { host: "api.shop.example", inject: { header: "x-key", secret: "SET_KEY" } },
      { host: "stock.example", route: "STOCK" },
    ],
  },
  foreign: { rules: [{ host: "a.example" }], tenants: ["acme"] },
});
const consumer = () => consumerWith({ FLEET_POLICIES, SECRET_SET_KEY: secret });

describe("readiness", () => {
  test("names only the secrets that a policy of the tenant lists, and never a value", async () => {
    const policies = ["shop", "foreign", "none", "SET_KEY"];
    const readiness = await consumer().readiness({ tenant: "default", policies, models: [] });
    expect(readiness?.policies).toMatchObject([
      {
        policy: "shop",
        secrets: [
          { name: "SHOP_KEY", set: false },
          { name: "SET_KEY", set: true },
        ],
        routes: [{ name: "STOCK", bound: false }],
      },
    ]);
    expect(JSON.stringify(readiness)).not.toContain(secret);
  });

  test.each([null, {}, { tenant: "default", policies: "shop", models: [] }])(
    "is null for the invalid request %j",
    async (request) => {
      expect(await consumer().readiness(request as never)).toBeNull();
    },
  );
});

test.each([null, {}, { models: ["m", 1] }, { models: Array.from({ length: 51 }, () => "m") }])(
  "model limits are null for the invalid request %j",
  async (request) => {
    expect(await consumer().modelLimits(request as never)).toBeNull();
  },
);

test("the tool listing is null for a tenant that is not a string", async () => {
  expect(await consumer().listTools(undefined as never)).toBeNull();
});

test("the entrypoint answers over RPC", async () => {
  const { ConsumerApi } = exports as unknown as { ConsumerApi: ConsumerStub };
  expect(await ConsumerApi.ping()).toBe("ok");
  expect((await ConsumerApi.listTools("default"))?.tools.length).toBeGreaterThan(5);
});
