import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { sweep } from "../../../producer/sweep/sweep.ts";
import { batchTaskRange } from "../../../shared/ids.ts";
import { claim } from "../../../shared/store/claims.ts";
import { park, wakeNext } from "../../../shared/store/pauses.ts";
import { lines, ndjson, send, task, testFleet } from "../../producer/client.ts";
import { accept, bench, deliverTo, rowOf } from "../harness.ts";

const answering = { prompt: "p", rehearsal: [{ text: "yes" }] };
const keyed = (limit: number, more: object = {}) => ({
  concurrency_key: "crm",
  concurrency_limit: limit,
  ...more,
});
const take = async (id: string) => (await claim(env.DB, id, "{}")) !== null;
const lapse = (id: string) =>
  env.DB.prepare("UPDATE tasks SET lease_until = 0 WHERE id = ?1").bind(id).run();

beforeEach(async () => {
  for (const table of ["tasks", "pauses", "batches"]) {
    await env.DB.prepare(`DELETE FROM ${table}`).run();
  }
});

describe("tasks under one concurrency key", () => {
  it("run at most so many at a time, whoever claims", async () => {
    const ids = await Promise.all([1, 2, 3, 4, 5].map(() => accept(answering, keyed(2))));
    const taken = await Promise.all(ids.map(take));
    expect(taken.filter((held) => held)).toHaveLength(2);
  });

  it("of another tenant, or under another key or none, do not count", async () => {
    expect(await take(await accept(answering, keyed(1)))).toBe(true);
    expect(await take(await accept(answering, keyed(1, { tenant: "other" })))).toBe(true);
    expect(await take(await accept(answering, keyed(1, { concurrency_key: "erp" })))).toBe(true);
    expect(await take(await accept(answering))).toBe(true);
    expect(await take(await accept(answering, keyed(1)))).toBe(false);
  });

  it("get the slot of a worker that died when its lease runs out", async () => {
    const [first, second] = [await accept(answering, keyed(1)), await accept(answering, keyed(1))];
    expect([await take(first), await take(second)]).toEqual([true, false]);
    await lapse(first);
    expect(await take(second)).toBe(true);
    expect(await take(first)).toBe(false);
  });

  it("are set aside without an attempt and without a message, and woken by who leaves a slot", async () => {
    const on = bench();
    const [first, second] = [await accept(answering, keyed(1)), await accept(answering, keyed(1))];
    expect(await take(first)).toBe(true);
    await deliverTo(on, [second]);
    expect(on.sent).toEqual([]);
    expect(await rowOf(second)).toMatchObject({
      status: "queued",
      parked: "concurrency",
      attempt: 0,
      fence: 0,
    });
    await lapse(first);
    await deliverTo(on, [first]);
    expect(await rowOf(first)).toMatchObject({ status: "succeeded" });
    expect(on.sent.map(({ body }) => body.task_id)).toEqual([second]);
    await deliverTo(on, [second]);
    expect(await rowOf(second)).toMatchObject({ status: "succeeded", parked: null });
    expect(await wakeNext(env.DB, "default", "crm")).toBeNull();
  });

  it("can be cancelled while they wait", async () => {
    const on = bench();
    const [first, second] = [await accept(answering, keyed(1)), await accept(answering, keyed(1))];
    await take(first);
    await deliverTo(on, [second]);
    await send(testFleet(), "POST", `/v1/tasks/${second}/cancel`);
    await deliverTo(on, [second]);
    expect(await rowOf(second)).toMatchObject({ status: "cancelled" });
  });
});

describe("what is paused", () => {
  const pauses: [string, string, string][] = [
    ["the fleet", "/v1/pause", "/v1/resume"],
    ["a model", "/v1/models/%40cf%2Fx%2Fm/pause", "/v1/models/%40cf%2Fx%2Fm/resume"],
  ];
  it.each(pauses)(
    "%s begins no task, and begins them when it is resumed",
    async (_name, stop, go) => {
      const on = bench();
      const fleet = testFleet();
      const id = await accept(answering, { model: "@cf/x/m" });
      expect((await send(fleet, "POST", stop)).status).toBe(202);
      await deliverTo(on, [id]);
      await deliverTo(on, [id]);
      expect(await rowOf(id)).toMatchObject({
        status: "queued",
        parked: "paused",
        attempt: 0,
        fence: 0,
      });
      expect(on.sent).toEqual([]);
      await sweep(fleet.env);
      expect(fleet.tasks.sent).toEqual([]);
      expect((await send(fleet, "POST", go)).status).toBe(202);
      expect(fleet.tasks.sent.map(({ task_id }) => task_id)).toEqual([id]);
      expect(await take(id)).toBe(true);
    },
  );

  it("of a model holds back no other model's tasks", async () => {
    await send(testFleet(), "POST", "/v1/models/m/pause");
    expect(await (await send(testFleet(), "GET", "/v1/pause")).json()).toMatchObject({
      paused: false,
      models: [{ model: "m" }],
    });
    expect(await take(await accept(answering))).toBe(true);
  });

  it("a batch begins no task and expands no line, and goes on when it is resumed", async () => {
    const on = bench();
    const fleet = testFleet();
    const answer = await send(fleet, "POST", "/v1/batches", lines([task(), task()]), ndjson);
    const { id } = await answer.json<{ id: string }>();
    const paused = await send(fleet, "POST", `/v1/batches/${id}/pause`);
    expect(await paused.json()).toMatchObject({ status: "running", paused: true });
    const ids = fleet.tasks.sent.splice(0).map(({ task_id }) => task_id);
    await deliverTo(on, ids);
    expect(await rowOf(ids[0] ?? "")).toMatchObject({ status: "queued", parked: "paused" });
    await env.DB.prepare("DELETE FROM tasks WHERE id >= ?1 AND id < ?2 AND batch_index = 1")
      .bind(batchTaskRange(id).from, batchTaskRange(id).to)
      .run();
    await env.DB.prepare("UPDATE batches SET expanded = 0, cursor_byte = 0, sweep_at = 0").run();
    await sweep(fleet.env);
    expect(fleet.tasks.sent).toEqual([]);
    await send(fleet, "POST", `/v1/batches/${id}/resume`);
    expect(new Set(fleet.tasks.sent.map(({ task_id }) => task_id))).toEqual(new Set(ids));
    expect(await take(ids[0] ?? "")).toBe(true);
  });

  it("lets a task end that is to be cancelled or has expired", async () => {
    const on = bench();
    await send(testFleet(), "POST", "/v1/pause");
    const [cancelled, expired] = [
      await accept(answering),
      await accept(answering, { expires_at: Date.now() - 1 }),
    ];
    await send(testFleet(), "POST", `/v1/tasks/${cancelled}/cancel`);
    await deliverTo(on, [cancelled, expired]);
    expect((await rowOf(cancelled)).status).toBe("cancelled");
    expect((await rowOf(expired)).status).toBe("expired");
  });
});

it("a task is not set aside once nothing holds it back any more", async () => {
  const id = await accept(answering);
  expect(await park(env.DB, id)).toBeNull();
  expect(await rowOf(id)).toMatchObject({ parked: null });
});
