import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { answerProducer } from "../../consumer/rpc/index.ts";
import type { DryRun } from "../../producer/batches/dry_run.ts";
import type { ProducerEnv } from "../../producer/env.ts";
import { countBatches, lines, ndjson, refused, send, task, testFleet } from "./client.ts";

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
const secret = "the value that nobody may read";

/** A consumer as it is bound to the producer, with one secret set. */
const consumer = (more: Record<string, unknown> = {}) =>
  ({
    fetch: (url: string, init?: RequestInit) =>
      answerProducer(new Request(url, init), {
        ...env,
        FLEET_POLICIES,
        SECRET_SET_KEY: secret,
        MODEL_PROFILES: '{"own": {"price": {"input": 2, "output": 10}}}',
        ...more,
      } as never),
  }) as unknown as Fetcher;

const fleet = (change: Partial<ProducerEnv> = {}) =>
  testFleet({
    FLEET_POLICIES,
    MODEL_BASE_URL: "http://m.invalid/v1",
    CONSUMER: consumer(),
    ...change,
  });

async function looked(
  body: string | object,
  headers: Record<string, string> = ndjson,
  change: Partial<ProducerEnv> = {},
): Promise<DryRun> {
  const on = fleet(change);
  const before = await countBatches();
  const answer = await send(on, "POST", "/v1/batches?dry_run=true", body, headers);
  expect(answer.status).toBe(200);
  expect(await countBatches()).toBe(before);
  expect([...on.tasks.sent, ...on.low.sent]).toEqual([]);
  expect((await env.OBJECTS.list({ prefix: "batches/" })).objects).toEqual([]);
  const text = await answer.text();
  expect(text).not.toContain(secret);
  return JSON.parse(text) as DryRun;
}

describe("a dry run", () => {
  it("of a batch that is fine says so, with what it reaches, needs and may cost", async () => {
    const own = {
      prompt: "x".repeat(400),
      model: "own",
      policy: "shop",
      limits: { tokens: 100_000 },
    };
    const told = await looked(lines([own, { ...own, input: { a: 1 } }]), ndjson, {
      CONSUMER: consumer({ SECRET_SHOP_KEY: "x", STOCK: env.CONSUMER ?? {} }),
    });
    expect(told).toMatchObject({
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
        // 100,000 tokens at the dearer of both prices, at most limits.cost_usd.
        worst_case: { tokens: 200_000, cost_usd: 2 },
      },
    });
    expect(told.assumptions.join()).toContain("4 characters");
  });

  it("names every line that would be refused, and why", async () => {
    const told = await looked(
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
    expect(told).toMatchObject({ total: 7, acceptable: false, ready: false });
    expect(told.faults.map(({ line, path }) => `${line} ${path}`)).toEqual([
      "2 policy",
      "3 policy",
      "4 tools[0]",
      "5 promt",
      "6 ",
      "7 model",
    ]);
    expect(told.policies.map(({ policy }) => policy)).toEqual(["default"]);
  });

  it("names the lines whose secrets and services are missing", async () => {
    const told = await looked(lines([task(), task({ policy: "shop" })]));
    expect(told).toMatchObject({ acceptable: true, ready: false, faults: [] });
    expect(told.warnings).toEqual([
      {
        line: 2,
        path: "policy",
        message: expect.stringContaining("set SECRET_SHOP_KEY on the consumer"),
      },
      { line: 2, path: "policy", message: expect.stringContaining("the service STOCK") },
    ]);
  });

  it("lists a hundred lines and counts the rest", async () => {
    const told = await looked(lines(Array.from({ length: 130 }, () => task({ policy: "shop" }))));
    expect(told.warnings_unlisted).toBe(30);
  });

  it.each([
    ["is not bound", {}],
    ["is down", { fetch: () => Promise.reject(new Error("down")) }],
    ["does not understand", { fetch: async () => new Response(null, { status: 400 }) }],
  ])("is not ready where the consumer %s", async (_, CONSUMER) => {
    const change = { CONSUMER: CONSUMER as unknown as Fetcher };
    const told = await looked(lines([{ ...task(), policy: "shop" }]), ndjson, change);
    expect(told).toMatchObject({
      acceptable: true,
      ready: false,
      models: [{ price: null }],
      estimate: { first_calls: { cost_usd: null }, worst_case: { cost_usd: null } },
    });
    expect(told.policies[0]?.secrets).toContainEqual({ name: "SET_KEY", set: null });
    expect(told.warnings[0]?.message).toContain("did not say");
  });

  it("of a JSON body is asked for in the body or in the query", async () => {
    const told = await looked({ tasks: [task(), task({ promt: 1 })] }, {});
    expect(told.faults).toMatchObject([{ path: "tasks[1].promt" }]);
    const on = fleet();
    const answer = await send(on, "POST", "/v1/batches", { dry_run: true, tasks: [task()] });
    expect(await answer.json()).toMatchObject({ dry_run: true, total: 1, acceptable: true });
    expect(on.tasks.sent).toEqual([]);
  });

  it.each([
    ["dry_run=yes", { tasks: [task()] }, {}],
    ["dryrun=true", { tasks: [task()] }, {}],
    ["dry_run=yes", lines([task()]), ndjson],
    ["dryrun=true", lines([task()]), ndjson],
  ])("that is misspelt accepts nothing: ?%s", async (query, body, headers) => {
    expect((await refused("POST", `/v1/batches?${query}`, body, headers)).status).toBe(422);
  });

  it("is bounded by the batch's own limits", async () => {
    const query = `?dry_run=true&limits=${JSON.stringify({ tokens: 5_000, cost_usd: 0.5 })}`;
    const body = lines([{ prompt: "p", model: "own" }]);
    const answer = await send(fleet(), "POST", `/v1/batches${query}`, body, ndjson);
    expect(await answer.json()).toMatchObject({
      estimate: { worst_case: { tokens: 5_000, cost_usd: 0.5 } },
    });
  });
});

describe("the consumer tells of secrets", () => {
  const ask = async (question: unknown) =>
    answerProducer(
      new Request("https://consumer/readiness", { method: "POST", body: JSON.stringify(question) }),
      { ...env, FLEET_POLICIES, SECRET_SET_KEY: secret } as never,
    );

  it("only the names that a policy of the tenant lists, and never a value", async () => {
    const answer = await ask({
      tenant: "default",
      policies: ["shop", "foreign", "none", "SET_KEY"],
      models: [],
    });
    const text = await answer.text();
    expect(JSON.parse(text).policies).toMatchObject([
      {
        policy: "shop",
        secrets: [
          { name: "SHOP_KEY", set: false },
          { name: "SET_KEY", set: true },
        ],
        routes: [{ name: "STOCK", bound: false }],
      },
    ]);
    expect(text).not.toContain(secret);
  });

  it.each([null, {}, { tenant: "default", policies: "shop", models: [] }])(
    "nothing to a question that is none: %j",
    async (question) => {
      expect((await ask(question)).status).toBe(400);
    },
  );
});
