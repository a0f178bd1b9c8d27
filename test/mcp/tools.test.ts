import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import type { DurableTask } from "../../shared/task.ts";
import {
  accept,
  bench,
  call,
  deliverTo,
  finish,
  rowOf,
  runTask,
  stepsOf,
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

const benchOf = (server: FakeServer, table: object = servers) =>
  bench({
    FLEET_POLICIES: JSON.stringify(policies),
    MCP_SERVERS: JSON.stringify(table),
    SECRET_SHOP: "shop-secret-1",
    MCP: server.MCP,
  });

async function run(server: FakeServer, task: DurableTask) {
  const row = await runTask(
    { prompt: "p", policy: "shop", mcp: ["shop"], ...task },
    { bench: benchOf(server) },
  );
  const steps = await stepsOf(row.id);
  const told = (name: string) =>
    steps.flatMap(({ payload, name: called }) =>
      called === name && payload.kind === "tool" ? [payload.text] : [],
    );
  return { row, steps, told };
}

describe("a task that names an MCP server", () => {
  test.each([{ json: true }, { json: false }])("calls its tools: %j", async (how) => {
    const server = mcpServer(how);
    const { row, told } = await run(server, {
      rehearsal: [call("shop__find_product", { sku: "AB-1" }), finish()],
    });
    expect([row.status, told("shop__find_product")]).toEqual(["succeeded", ["AB-1: kettle"]]);
    expect(server.seen.map(({ method }) => method)).toEqual([
      "initialize",
      "notifications/initialized",
      "tools/list",
      "tools/call",
    ]);
  });

  test("the credential is the policy's, and every request is decided, counted and logged", async () => {
    const server = mcpServer();
    const { row } = await run(server, {
      rehearsal: [call("shop__find_product", { sku: "AB-1" }), finish()],
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
    expect(new Set(server.seen.map(({ authorization }) => authorization))).toEqual(
      new Set(["Bearer shop-secret-1"]),
    );
    const rows = await env.DB.prepare("SELECT transcript FROM tasks WHERE id = ?1")
      .bind(row.id)
      .first<{ transcript: string }>();
    expect(rows?.transcript).not.toContain("shop-secret-1");
  });

  test("an effect is journaled before it starts, and its call is logged before it is sent", async () => {
    const server = mcpServer();
    const before: unknown[] = [];
    server.ordering = async () => {
      const steps = env.DB.prepare("SELECT status FROM steps WHERE name = 'shop__order'");
      const rows = env.DB.prepare(
        "SELECT method FROM egress_log WHERE seq = 2 AND task_id = (SELECT task_id FROM steps WHERE name = 'shop__order')",
      );
      before.push((await steps.all()).results, (await rows.all()).results);
    };
    const { row, told } = await run(server, {
      rehearsal: [call("shop__order", { sku: "AB-1" }), finish()],
    });
    expect(before).toEqual([[{ status: "intent" }], [{ method: "POST" }]]);
    expect([row.status, told("shop__order"), server.orders]).toEqual([
      "succeeded",
      ["ordered AB-1"],
      ["AB-1"],
    ]);
  });

  test("a program calls them too, and each counts as a tool call", async () => {
    const code =
      "[await shop__find_product({sku: 'A'}), await shop__find_product({sku: 'B'})].join('; ')";
    const { row, told } = await run(mcpServer(), {
      rehearsal: [call("run_code", { code }), finish()],
    });
    expect(told("run_code")).toEqual(["A: kettle; B: kettle"]);
    expect(JSON.parse(row.usage)).toMatchObject({ tool_calls: 3 });
  }, 30_000);

  test("what does not fit a tool's schema is told to the model and not sent", async () => {
    const server = mcpServer();
    const { told } = await run(server, {
      rehearsal: [
        call("shop__find_product", { sku: 1, x: [] }),
        call("shop__find_product", {}),
        finish(),
      ],
    });
    expect(told("shop__find_product").at(-1)).toContain("Required: sku");
    expect(server.orders).toEqual([]);
  });

  test("a tool's own error is an answer, and a long answer is cut", async () => {
    const { row, told } = await run(mcpServer(), {
      rehearsal: [call("shop__fail", {}), call("shop__flood", {}), finish()],
    });
    expect(row.status).toBe("succeeded");
    expect(told("shop__fail")).toEqual(["no stock"]);
    expect(told("shop__flood")[0]?.length).toBeLessThan(21_000);
  });
});

describe("a server that is down", () => {
  test("from the start is a tool that says so, and the task goes on", async () => {
    const server = mcpServer();
    server.down = true;
    const { row, told } = await run(server, {
      rehearsal: [call("shop__unavailable", {}), finish()],
    });
    expect(row.status).toBe("succeeded");
    expect(told("shop__unavailable")[0]).toMatch(/did not answer.*Go on without it/s);
  });

  test("later is an answer that says so", async () => {
    const server = mcpServer();
    const on = benchOf(server);
    const id = await accept({
      prompt: "p",
      policy: "shop",
      mcp: ["shop"],
      rehearsal: [
        call("shop__find_product", { sku: "A" }),
        { error: { status: 429, code: "busy", message: "later", retry_after: 60 } },
        call("shop__find_product", { sku: "B" }),
        finish(),
      ],
    });
    await deliverTo(on, [id]);
    expect((await rowOf(id)).status).toBe("queued");
    server.down = true;
    await env.DB.prepare("UPDATE tasks SET not_before = NULL WHERE id = ?1").bind(id).run();
    await deliverTo(on, [id]);
    expect((await rowOf(id)).status).toBe("succeeded");
    const last = (await stepsOf(id)).findLast((step) => step.name === "shop__find_product");
    expect(last).toMatchObject({ status: "failed" });
    expect(last?.payload.kind === "tool" && last.payload.text).toContain("did not answer");
  });

  test("or denied by the policy is told with the policy's words", async () => {
    const { row, told } = await run(mcpServer(), {
      mcp: ["unlisted"],
      rehearsal: [call("unlisted__unavailable", {}), finish()],
    });
    expect(row.status).toBe("succeeded");
    expect(told("unlisted__unavailable")[0]).toContain("No rule of the policy permits");
  });
});

test("the list is pinned at its first use: what a server changes in mid-task is not seen", async () => {
  const server = mcpServer();
  const on = benchOf(server);
  const id = await accept({
    prompt: "p",
    policy: "shop",
    mcp: ["shop"],
    rehearsal: [
      call("shop__find_product", { sku: "A" }),
      { error: { status: 429, code: "busy", message: "later", retry_after: 60 } },
      call("shop__new_tool", {}),
      finish(),
    ],
  });
  await deliverTo(on, [id]);
  server.more.push("new-tool");
  await env.DB.prepare("UPDATE tasks SET not_before = NULL WHERE id = ?1").bind(id).run();
  await deliverTo(on, [id]);
  expect((await rowOf(id)).status).toBe("succeeded");
  const step = (await stepsOf(id)).find(({ name }) => name === "shop__new_tool");
  expect(step?.status).toBe("refused");
  expect(server.seen.filter(({ method }) => method === "tools/list")).toHaveLength(1);
});

test("what the operator narrows in mid-task binds the next call, while the list stays as it was", async () => {
  const server = mcpServer();
  const offered = (more: object) => benchOf(server, { shop: { ...servers.shop, ...more } });
  const id = await accept({
    prompt: "p",
    policy: "shop",
    mcp: ["shop"],
    rehearsal: [
      call("shop__order", { sku: "A" }),
      { error: { status: 429, code: "busy", message: "later", retry_after: 60 } },
      call("shop__find_product", { sku: "B" }),
      call("run_code", { code: "await shop__find_product({sku: 'C'}).catch((e) => e.message)" }),
      call("shop__order", { sku: "D" }),
      finish(),
    ],
  });
  await deliverTo(offered({ effect: "read" }), [id]);
  const statuses: unknown[] = [];
  server.ordering = async () => {
    const rows = env.DB.prepare(
      "SELECT status FROM steps WHERE task_id = ?1 AND name = 'shop__order'",
    );
    statuses.push(...(await rows.bind(id).all<{ status: string }>()).results);
  };
  await env.DB.prepare("UPDATE tasks SET not_before = NULL WHERE id = ?1").bind(id).run();
  await deliverTo(offered({ tools: ["order"] }), [id]);
  expect((await rowOf(id)).status).toBe("succeeded");
  const steps = await stepsOf(id);
  const told = steps.flatMap(({ name, payload }) =>
    payload.kind === "tool" && name !== "shop__order" ? [payload.text] : [],
  );
  expect(told.slice(0, 2)).toEqual(Array(2).fill(expect.stringContaining("no longer offered")));
  expect(server.orders).toEqual(["A", "D"]);
  // Its effect is the configuration's of now: the intent stands before the call.
  expect(statuses).toEqual([{ status: "done" }, { status: "intent" }]);
  expect(server.seen.filter(({ method }) => method === "tools/list")).toHaveLength(1);
}, 30_000);

test.each([
  ["unknown", "nobody", "is not configured here"],
  ["another tenant's", "theirs", "is not configured here"],
])("%s server fails the task at once", async (_name, name, words) => {
  const server = mcpServer();
  const { row } = await run(server, { mcp: [name], rehearsal: [finish()] });
  expect(row).toMatchObject({ status: "failed", reason: "sandbox_unavailable" });
  expect(row.error).toContain(words);
  expect(server.seen).toEqual([]);
});
