import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import { sweep } from "../../../producer/sweep/sweep.ts";
import { retryLimits } from "../../../shared/limits.ts";
import { databaseOfSize, fullDatabase } from "../../consumer/faulty_stores.ts";
import {
  acceptTask,
  deliverMessages,
  finalAnswer,
  readRow,
  testConsumer,
} from "../../consumer/harness.ts";
import { countBatches, countTasks, lines, ndjson, send, task, testFleet } from "../client.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

describe("a database of 10 GB", () => {
  test.each([
    ["at 79 %", 7.9e9, 202, "ok"],
    ["at 80 %", 8e9, 202, "filling"],
    ["at 94 %", 9.4e9, 202, "filling"],
    ["at 95 %", 9.5e9, 503, "full"],
  ])(
    "%s answers a new task and a new batch so, and reports its state",
    async (_name, bytes, status, state) => {
      const fleet = testFleet({ DB: databaseOfSize(bytes) });
      const before = [await countTasks(), await countBatches()];
      const single = await send(fleet, "POST", "/v1/tasks", task());
      const many = await send(fleet, "POST", "/v1/batches", lines([task()]), ndjson);
      expect([single.status, many.status]).toEqual([status, status]);
      const after = [await countTasks(), await countBatches()];
      if (status === 503) {
        expect(after).toEqual(before);
        expect(await single.json()).toMatchObject({
          error: { code: "unavailable", message: expect.stringContaining("takes no new work") },
        });
      }
      const stats = await send(fleet, "GET", "/v1/stats");
      expect(await stats.json()).toMatchObject({ database: { bytes, bytes_max: 1e10, state } });
    },
  );

  test("at 80 % is in the cron's log", async () => {
    const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const error = vi.spyOn(console, "error").mockImplementation(() => undefined);
    await sweep(testFleet({ DB: databaseOfSize(8e9) }).env);
    const text = [log, warn, error].flatMap(({ mock }) => mock.calls.flat()).join("\n");
    expect(text).toMatch(/unhealthy.*database size.*filling.*shorten RETENTION_DAYS/);
  });
});

describe("a write without room", () => {
  test("is not repeated, and the API says why", async () => {
    const { DB, writes } = fullDatabase(/^batch$/);
    const answer = await send(testFleet({ DB }), "POST", "/v1/tasks", task());
    expect([answer.status, writes()]).toEqual([503, 1]);
    expect(await answer.json()).toMatchObject({
      error: { code: "unavailable", message: expect.stringContaining("the database is full") },
    });
  });

  test("of a settlement is tried once for each delivery, costs no attempt, and succeeds later", async () => {
    const id = await acceptTask({ prompt: "p", rehearsal: [finalAnswer(), finalAnswer()] });
    const { DB, writes } = fullDatabase(/^batch$/);
    expect(await deliverMessages(testConsumer({ DB }), [id])).toEqual({
      acked: 0,
      retried: 1,
    });
    expect(writes()).toBe(1);
    await env.DB.prepare("UPDATE tasks SET lease_until = 0 WHERE id = ?1").bind(id).run();
    await deliverMessages(testConsumer(), [id]);
    expect(await readRow(id)).toMatchObject({ status: "succeeded" });
    expect(retryLimits.fullRetrySeconds).toBeGreaterThan(600);
  });
});
