import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import type { DurableTask } from "../../shared/task/task.ts";
import {
  acceptTask,
  deliverMessages,
  finalAnswer,
  readRow,
  readSteps,
  runTask,
  testConsumer,
  toolCall,
} from "../consumer/harness.ts";
import { type FakeServer, mcpServer } from "./server.ts";

const policies = {
  shop: {
    rules: [
      {
        host: "mcp.shop.example",
        methods: ["POST"],
        route: "MCP",
        inject: { header: "authorization", secret: "SHOP", prefix: "Bearer " },
      },
    ],
  },
};
const servers = {
  shop: { url: "https://mcp.shop.example/mcp", effects: { "find-product": "read" } },
  unlisted: { url: "https://elsewhere.example/mcp" },
  theirs: { url: "https://mcp.shop.example/mcp", tenants: ["other"] },
};

const consumerFor = (server: FakeServer, table: object = servers) =>
  testConsumer({
    FLEET_POLICIES: JSON.stringify(policies),
    MCP_SERVERS: JSON.stringify(table),
    SECRET_SHOP: "shop-secret-1",
    MCP: server.MCP,
  });

async function run(server: FakeServer, task: DurableTask) {
  const row = await runTask(
    { prompt: "p", policy: "shop", mcp: ["shop"], ...task },
    { consumer: consumerFor(server) },
  );
  const steps = await readSteps(row.id);
  const resultsOf = (name: string) =>
    steps.flatMap(({ payload, name: called }) =>
      called === name && payload.kind === "tool" ? [payload.text] : [],
    );
  return { row, steps, resultsOf };
}

describe("a task that names an MCP server", () => {
  test.each([{ json: true }, { json: false }])("can call its tools: %j", async (options) => {
    const server = mcpServer(options);
    const { row, resultsOf } = await run(server, {
      rehearsal: [toolCall("shop__find_product", { sku: "AB-1" }), finalAnswer()],
    });
    expect([row.status, resultsOf("shop__find_product")]).toEqual(["succeeded", ["AB-1: kettle"]]);
    expect(server.requests.map(({ method }) => method)).toEqual([
      "initialize",
      "notifications/initialized",
      "tools/list",
      "tools/call",
    ]);
  });

  test("uses the policy's credential, and each request is decided, counted and logged", async () => {
    const server = mcpServer();
    const { row } = await run(server, {
      rehearsal: [toolCall("shop__find_product", { sku: "AB-1" }), finalAnswer()],
    });
    const { results } = await env.DB.prepare(
      "SELECT method, action, credential FROM egress_log WHERE task_id = ?1",
    )
      .bind(row.id)
      .all();
    expect(results).toEqual(
      Array(4).fill({ method: "POST", action: "inject", credential: "SHOP" }),
    );
    expect(JSON.parse(row.usage)).toMatchObject({ egress_requests: 4, tool_calls: 1 });
    expect(new Set(server.requests.map(({ authorization }) => authorization))).toEqual(
      new Set(["Bearer shop-secret-1"]),
    );
    const steps = JSON.stringify(await readSteps(row.id));
    expect(steps).toContain("shop__find_product");
    expect(steps).not.toContain("shop-secret-1");
  });

  test("journals an effect before it starts and logs its call before it is sent", async () => {
    const server = mcpServer();
    const before: unknown[] = [];
    server.onOrder = async () => {
      const steps = env.DB.prepare("SELECT status FROM steps WHERE name = 'shop__order'");
      const rows = env.DB.prepare(
        "SELECT method FROM egress_log WHERE seq = 2 AND task_id = (SELECT task_id FROM steps WHERE name = 'shop__order')",
      );
      before.push((await steps.all()).results, (await rows.all()).results);
    };
    const { row, resultsOf } = await run(server, {
      rehearsal: [toolCall("shop__order", { sku: "AB-1" }), finalAnswer()],
    });
    expect(before).toEqual([[{ status: "intent" }], [{ method: "POST" }]]);
    expect([row.status, resultsOf("shop__order"), server.orders]).toEqual([
      "succeeded",
      ["ordered AB-1"],
      ["AB-1"],
    ]);
  });

  test("can call its tools from a program, and each call counts", async () => {
    const code =
      "[await shop__find_product({sku: 'A'}), await shop__find_product({sku: 'B'})].join('; ')";
    const { row, resultsOf } = await run(mcpServer(), {
      rehearsal: [toolCall("run_code", { code }), finalAnswer()],
    });
    expect(resultsOf("run_code")).toEqual(["A: kettle; B: kettle"]);
    expect(JSON.parse(row.usage)).toMatchObject({ tool_calls: 3 });
  }, 30_000);

  test("sends no call that does not fit the tool's schema", async () => {
    const server = mcpServer();
    const { resultsOf } = await run(server, {
      rehearsal: [
        toolCall("shop__find_product", { sku: 1, x: [] }),
        toolCall("shop__find_product", {}),
        finalAnswer(),
      ],
    });
    expect(resultsOf("shop__find_product").at(-1)).toContain("Required: sku");
    expect(server.orders).toEqual([]);
  });

  test("continues after a tool's error, and long results are cut", async () => {
    const { row, resultsOf } = await run(mcpServer(), {
      rehearsal: [toolCall("shop__fail", {}), toolCall("shop__flood", {}), finalAnswer()],
    });
    expect(row.status).toBe("succeeded");
    expect(resultsOf("shop__fail")).toEqual(["no stock"]);
    expect(resultsOf("shop__flood")[0]?.length).toBeLessThan(21_000);
  });
});

describe("an MCP server that is down", () => {
  test("from the start becomes a tool that says so, and the task continues", async () => {
    const server = mcpServer();
    server.isDown = true;
    const { row, resultsOf } = await run(server, {
      rehearsal: [toolCall("shop__unavailable", {}), finalAnswer()],
    });
    expect(row.status).toBe("succeeded");
    expect(resultsOf("shop__unavailable")[0]).toMatch(/did not answer.*Continue without it/s);
  });

  test("later gives a result that says so", async () => {
    const server = mcpServer();
    const consumer = consumerFor(server);
    const id = await acceptTask({
      prompt: "p",
      policy: "shop",
      mcp: ["shop"],
      rehearsal: [
        toolCall("shop__find_product", { sku: "A" }),
        { error: { status: 429, code: "busy", message: "later", retry_after: 60 } },
        toolCall("shop__find_product", { sku: "B" }),
        finalAnswer(),
      ],
    });
    await deliverMessages(consumer, [id]);
    expect((await readRow(id)).status).toBe("queued");
    server.isDown = true;
    await env.DB.prepare("UPDATE tasks SET not_before = NULL WHERE id = ?1").bind(id).run();
    await deliverMessages(consumer, [id]);
    expect((await readRow(id)).status).toBe("succeeded");
    const last = (await readSteps(id)).findLast((step) => step.name === "shop__find_product");
    expect(last).toMatchObject({ status: "failed" });
    expect(last?.payload.kind === "tool" && last.payload.text).toContain("did not answer");
  });

  test("or denied by the policy gives the policy's message", async () => {
    const { row, resultsOf } = await run(mcpServer(), {
      mcp: ["unlisted"],
      rehearsal: [toolCall("unlisted__unavailable", {}), finalAnswer()],
    });
    expect(row.status).toBe("succeeded");
    expect(resultsOf("unlisted__unavailable")[0]).toContain("No rule of the policy allows");
  });
});

test("the tool list is pinned at its first use, so later changes of the server do not appear", async () => {
  const server = mcpServer();
  const consumer = consumerFor(server);
  const id = await acceptTask({
    prompt: "p",
    policy: "shop",
    mcp: ["shop"],
    rehearsal: [
      toolCall("shop__find_product", { sku: "A" }),
      { error: { status: 429, code: "busy", message: "later", retry_after: 60 } },
      toolCall("shop__new_tool", {}),
      finalAnswer(),
    ],
  });
  await deliverMessages(consumer, [id]);
  server.moreTools.push("new-tool");
  await env.DB.prepare("UPDATE tasks SET not_before = NULL WHERE id = ?1").bind(id).run();
  await deliverMessages(consumer, [id]);
  expect((await readRow(id)).status).toBe("succeeded");
  const step = (await readSteps(id)).find(({ name }) => name === "shop__new_tool");
  expect(step?.status).toBe("refused");
  expect(server.requests.filter(({ method }) => method === "tools/list")).toHaveLength(1);
});

test("the operator's restrictions apply to the next call, while the list stays the same", async () => {
  const server = mcpServer();
  const consumerWithShop = (overrides: object) =>
    consumerFor(server, { shop: { ...servers.shop, ...overrides } });
  const id = await acceptTask({
    prompt: "p",
    policy: "shop",
    mcp: ["shop"],
    rehearsal: [
      toolCall("shop__order", { sku: "A" }),
      { error: { status: 429, code: "busy", message: "later", retry_after: 60 } },
      toolCall("shop__find_product", { sku: "B" }),
      toolCall("run_code", {
        code: "await shop__find_product({sku: 'C'}).catch((e) => e.message)",
      }),
      toolCall("shop__order", { sku: "D" }),
      finalAnswer(),
    ],
  });
  await deliverMessages(consumerWithShop({ effect: "read" }), [id]);
  const statuses: unknown[] = [];
  server.onOrder = async () => {
    const orders = (await readSteps(id)).filter(({ name }) => name === "shop__order");
    statuses.push(...orders.map(({ status }) => status));
  };
  await env.DB.prepare("UPDATE tasks SET not_before = NULL WHERE id = ?1").bind(id).run();
  await deliverMessages(consumerWithShop({ tools: ["order"] }), [id]);
  expect((await readRow(id)).status).toBe("succeeded");
  const steps = await readSteps(id);
  const results = steps.flatMap(({ name, payload }) =>
    payload.kind === "tool" && name !== "shop__order" ? [payload.text] : [],
  );
  expect(results.slice(0, 2)).toEqual(Array(2).fill(expect.stringContaining("no longer offered")));
  expect(server.orders).toEqual(["A", "D"]);
  // The current configuration says that it has effects, so the intent is stored before the call.
  expect(statuses).toEqual(["done", "intent"]);
  expect(server.requests.filter(({ method }) => method === "tools/list")).toHaveLength(1);
}, 30_000);

test.each([
  ["an unknown", "missing", "is not configured here"],
  ["another tenant's", "theirs", "is not configured here"],
])("%s MCP server fails the task at once", async (_name, name, message) => {
  const server = mcpServer();
  const { row } = await run(server, { mcp: [name], rehearsal: [finalAnswer()] });
  expect(row).toMatchObject({ status: "failed", reason: "sandbox_unavailable" });
  expect(row.error).toContain(message);
  expect(server.requests).toEqual([]);
});
