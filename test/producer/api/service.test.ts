import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { sha256Hex } from "../../../shared/files/objects.ts";
import {
  consumerDown,
  consumerWith,
  consumerWithoutMethods,
} from "../../consumer/rpc/consumer_stub.ts";
import { send, task, testFleet } from "../client.ts";

describe("health", () => {
  it.each<[string, Parameters<typeof testFleet>[0], number]>([
    ["is ok if D1 has the tables", {}, 200],
    ["is ok if the consumer answers", { CONSUMER: consumerWith() }, 200],
    ["is unavailable if the consumer does not answer", { CONSUMER: consumerDown }, 503],
    [
      "is unavailable if the consumer has another version",
      { CONSUMER: consumerWithoutMethods },
      503,
    ],
    ["is unavailable without the tables", { DB: withoutTables() }, 503],
  ])("the health %s", async (_name, change, status) => {
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
  it("a store that does not answer causes a 503 without internal details", async () => {
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
    ["in several parts", 12_000_000],
  ])("an upload (%s) is stored completely below the tenant's prefix", async (_name, size) => {
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
    "an invalid key is rejected: %j",
    async (name) => {
      const answer = await send(testFleet(), "PUT", `/v1/inputs/${name}`, "x");
      expect(answer.status).toBe(422);
      expect(await answer.text()).toContain("such as");
    },
  );
});

describe("stats", () => {
  it("the tenant's tasks are counted by status and model", async () => {
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
