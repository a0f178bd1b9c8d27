import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { DryRun } from "../../../producer/batches/dry_run.ts";
import type { ProducerEnv } from "../../../producer/env.ts";
import {
  consumerDown,
  consumerReplying,
  consumerWith,
  consumerWithoutMethods,
} from "../../consumer/rpc/consumer_stub.ts";
import { countBatches, expectRejected, lines, ndjson, send, task, testFleet } from "../client.ts";

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
const secret = "a value that must not be shown";

/** A consumer stub with one secret set. */
const consumer = (overrides: Record<string, unknown> = {}) =>
  consumerWith({
    FLEET_POLICIES,
    SECRET_SET_KEY: secret,
    MODEL_PROFILES: '{"own": {"price": {"input": 2, "output": 10}}}',
    ...overrides,
  });

const fleet = (change: Partial<ProducerEnv> = {}) =>
  testFleet({
    FLEET_POLICIES,
    MODEL_BASE_URL: "http://m.invalid/v1",
    CONSUMER: consumer(),
    ...change,
  });

async function dryRun(
  body: string | object,
  headers: Record<string, string> = ndjson,
  change: Partial<ProducerEnv> = {},
): Promise<DryRun> {
  const target = fleet(change);
  const before = await countBatches();
  const answer = await send(target, "POST", "/v1/batches?dry_run=true", body, headers);
  expect(answer.status).toBe(200);
  expect(await countBatches()).toBe(before);
  expect([...target.tasks.sent, ...target.low.sent]).toEqual([]);
  expect((await env.OBJECTS.list({ prefix: "batches/" })).objects).toEqual([]);
  const text = await answer.text();
  expect(text).not.toContain(secret);
  return JSON.parse(text) as DryRun;
}

describe("a dry run", () => {
  it("a valid batch is acceptable, and the report lists what it reaches, needs and may cost", async () => {
    const own = {
      prompt: "x".repeat(400),
      model: "own",
      policy: "shop",
      limits: { tokens: 100_000 },
    };
    const report = await dryRun(lines([own, { ...own, input: { a: 1 } }]), ndjson, {
      CONSUMER: consumer({ SECRET_SHOP_KEY: "x", STOCK: {} }),
    });
    expect(report).toMatchObject({
      dry_run: true,
      total: 2,
      acceptable: true,
      faults: [],
      policies: [
        {
          policy: "shop",
          tasks: 2,
          hosts: ["shop.example", "api.shop.example", "stock.example"],
          secrets: [
            { name: "SHOP_KEY", set: true },
            { name: "SET_KEY", set: true },
          ],
          routes: [{ name: "STOCK" }],
        },
      ],
      models: [{ model: "own", tasks: 2, price: { input: 2, output: 10 } }],
      estimate: {
        // 1,500 tokens for the opening, 100 for the prompt, 2 for the input.
        first_calls: { prompt_tokens: 3_202, completion_tokens: 400, cost_usd: 0.010404 },
        // 100,000 tokens at the higher of both prices, at most limits.cost_usd.
        worst_case: { tokens: 200_000, cost_usd: 2 },
      },
    });
    expect(report.assumptions.join()).toContain("4 characters");
  });

  it("every line that would be rejected is listed with its reason", async () => {
    const report = await dryRun(
      lines([
        task(),
        task({ policy: "shopp" }),
        task({ policy: "foreign" }),
        task({ tools: ["run_cod"] }),
        task({ promt: "x" }),
        "{",
        { prompt: "p", model: "@cf/none" },
      ]),
      ndjson,
      { MODEL_BASE_URL: "" },
    );
    expect(report).toMatchObject({ total: 7, acceptable: false, ready: false });
    expect(report.faults.map(({ line, path }) => `${line} ${path}`)).toEqual([
      "2 policy",
      "3 policy",
      "4 tools[0]",
      "5 promt",
      "6 ",
      "7 model",
    ]);
    expect(report.policies.map(({ policy }) => policy)).toEqual(["default"]);
  });

  it("lines whose secrets and services are missing are listed as warnings", async () => {
    const report = await dryRun(lines([task(), task({ policy: "shop" })]));
    expect(report).toMatchObject({ acceptable: true, ready: false, faults: [] });
    expect(report.warnings).toEqual([
      {
        line: 2,
        path: "policy",
        message: expect.stringContaining("set SECRET_SHOP_KEY on the consumer"),
      },
      { line: 2, path: "policy", message: expect.stringContaining("the service STOCK") },
    ]);
  });

  it("the report lists a hundred lines and counts the others", async () => {
    const report = await dryRun(lines(Array.from({ length: 130 }, () => task({ policy: "shop" }))));
    expect(report.warnings_unlisted).toBe(30);
  });

  it.each([
    ["has no such method", consumerWithoutMethods],
    ["is down", consumerDown],
    ["rejects the request", consumerReplying(null)],
    ["replies in another shape", consumerReplying({ status: "ok" })],
  ])("a batch is not ready when the consumer %s", async (_, CONSUMER) => {
    const report = await dryRun(lines([{ ...task(), policy: "shop" }]), ndjson, { CONSUMER });
    expect(report).toMatchObject({
      acceptable: true,
      ready: false,
      models: [{ price: null }],
      estimate: { first_calls: { cost_usd: null }, worst_case: { cost_usd: null } },
    });
    expect(report.policies[0]?.secrets).toContainEqual({ name: "SET_KEY", set: null });
    expect(report.warnings[0]?.message).toContain("did not report");
  });

  it("a dry run of a JSON body is requested in the body or in the query", async () => {
    const report = await dryRun({ tasks: [task(), task({ promt: 1 })] }, {});
    expect(report.faults).toMatchObject([{ path: "tasks[1].promt" }]);
    const target = fleet();
    const answer = await send(target, "POST", "/v1/batches", { dry_run: true, tasks: [task()] });
    expect(await answer.json()).toMatchObject({ dry_run: true, total: 1, acceptable: true });
    expect(target.tasks.sent).toEqual([]);
  });

  it.each([
    ["dry_run=yes", { tasks: [task()] }, {}],
    ["dryrun=true", { tasks: [task()] }, {}],
    ["dry_run=yes", lines([task()]), ndjson],
    ["dryrun=true", lines([task()]), ndjson],
  ])("a typing error in `dry_run` accepts nothing: ?%s", async (query, body, headers) => {
    expect((await expectRejected("POST", `/v1/batches?${query}`, body, headers)).status).toBe(422);
  });

  it("the worst case is bounded by the batch's own limits", async () => {
    const query = `?dry_run=true&limits=${JSON.stringify({ tokens: 5_000, cost_usd: 0.5 })}`;
    const body = lines([{ prompt: "p", model: "own" }]);
    const answer = await send(fleet(), "POST", `/v1/batches${query}`, body, ndjson);
    expect(await answer.json()).toMatchObject({
      estimate: { worst_case: { tokens: 5_000, cost_usd: 0.5 } },
    });
  });
});
