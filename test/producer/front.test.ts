import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { sha256Hex } from "../../shared/objects.ts";
import { send, task, testFleet } from "./client.ts";

const consumer = (status: number): Fetcher =>
  ({ fetch: async () => new Response(null, { status }) }) as unknown as Fetcher;

describe("health", () => {
  it.each<[string, Parameters<typeof testFleet>[0], number]>([
    ["is well once D1 has the tables", {}, 200],
    ["is well when the consumer answers", { CONSUMER: consumer(200) }, 200],
    ["is not while the consumer does not", { CONSUMER: consumer(503) }, 503],
    ["is not without the tables", { DB: withoutTables() }, 503],
  ])("%s", async (_name, change, status) => {
    const answer = await send(testFleet(change), "GET", "/healthz");
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject(
      status === 200 ? { status: "ok" } : { error: { code: "unavailable" } },
    );
  });
});

function withoutTables(): D1Database {
  return {
    prepare: () => ({}),
    batch: () => Promise.reject(new Error("D1_ERROR: no such table: tasks")),
  } as unknown as D1Database;
}

describe("a store that does not answer", () => {
  it("is 503 without a word of what is inside", async () => {
    const DB = {
      prepare: () => {
        throw new Error("SQLITE_ERROR secret inside");
      },
    } as unknown as D1Database;
    const answer = await send(testFleet({ DB }), "POST", "/v1/tasks", task());
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toBe("5");
    expect(await answer.text()).not.toContain("secret inside");
  });
});

describe("uploading an input", () => {
  it.each([
    ["small", 10],
    ["of several parts", 12_000_000],
  ])("%s stands below the tenant's prefix, whole", async (_name, size) => {
    const bytes = new Uint8Array(size).map((_, index) => index % 251);
    const fleet = testFleet();
    const answer = await send(fleet, "PUT", "/v1/inputs/orders/2026%2B11.csv", bytes);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({
      key: "orders/2026+11.csv",
      bytes: size,
      sha256: await sha256Hex(bytes),
    });
    const object = await env.OBJECTS.get("inputs/default/orders/2026+11.csv");
    expect(await sha256Hex(new Uint8Array((await object?.arrayBuffer()) ?? []))).toBe(
      await sha256Hex(bytes),
    );
  });

  it.each(["%2e%2e%2fother%2fx", "a//b", "a/", "", "a%00b", "%ff", "a%5cb"])(
    "refuses the key %j",
    async (name) => {
      const answer = await send(testFleet(), "PUT", `/v1/inputs/${name}`, "x");
      expect(answer.status).toBe(422);
      expect(await answer.text()).toContain("such as");
    },
  );
});

describe("stats", () => {
  it("count the tenant's tasks by status and model", async () => {
    const fleet = testFleet();
    await env.DB.prepare("DELETE FROM tasks").run();
    await send(fleet, "POST", "/v1/tasks", task());
    const answer = await send(fleet, "POST", "/v1/tasks", task());
    const { id } = await answer.json<{ id: string }>();
    await env.DB.prepare(
      `UPDATE tasks SET status = 'failed', reason = 'budget_steps', sweep_at = NULL,
         usage = '{"prompt_tokens":5,"cost_usd":0.25}' WHERE id = ?1`,
    )
      .bind(id)
      .run();
    const stats = await send(fleet, "GET", "/v1/stats");
    expect(await stats.json()).toMatchObject({
      counts: { queued: 1, running: 0, failed: 1, succeeded: 0 },
      backlog: 1,
      oldest_queued_at: expect.stringMatching(/Z$/),
      models: [{ model: "rehearsal", tasks: 2, prompt_tokens: 5, cost_usd: 0.25 }],
    });
  });
});
