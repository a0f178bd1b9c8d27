import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { sweep } from "../../../producer/sweep/sweep.ts";
import { batchTaskRange } from "../../../shared/identity/ids.ts";
import { wakeNextTask } from "../../../shared/store/flow/concurrency.ts";
import { parkTask } from "../../../shared/store/flow/parking.ts";
import { claimTask } from "../../../shared/store/tasks/claims.ts";
import { lines, ndjson, send, task, testFleet } from "../../producer/client.ts";
import { acceptTask, deliverMessages, readRow, testConsumer } from "../harness.ts";

const spec = { prompt: "p", rehearsal: [{ text: "yes" }] };
const keyed = (limit: number, overrides: object = {}) => ({
  concurrency_key: "crm",
  concurrency_limit: limit,
  ...overrides,
});
const canClaim = async (id: string) => (await claimTask(env.DB, id, "{}")) !== null;
const expireLease = (id: string) =>
  env.DB.prepare("UPDATE tasks SET lease_until = 0 WHERE id = ?1").bind(id).run();

beforeEach(async () => {
  for (const table of ["tasks", "pauses", "batches"]) {
    await env.DB.prepare(`DELETE FROM ${table}`).run();
  }
});

describe("tasks under one concurrency key", () => {
  it("run up to the limit at the same time", async () => {
    const ids = await Promise.all([1, 2, 3, 4, 5].map(() => acceptTask(spec, keyed(2))));
    const claims = await Promise.all(ids.map(canClaim));
    expect(claims.filter((isClaimed) => isClaimed)).toHaveLength(2);
  });

  it("do not share the limit with other tenants, other keys or tasks without a key", async () => {
    expect(await canClaim(await acceptTask(spec, keyed(1)))).toBe(true);
    expect(await canClaim(await acceptTask(spec, keyed(1, { tenant: "other" })))).toBe(true);
    expect(await canClaim(await acceptTask(spec, keyed(1, { concurrency_key: "erp" })))).toBe(true);
    expect(await canClaim(await acceptTask(spec))).toBe(true);
    expect(await canClaim(await acceptTask(spec, keyed(1)))).toBe(false);
  });

  it("get the slot of a dead worker when its lease expires", async () => {
    const [first, second] = [await acceptTask(spec, keyed(1)), await acceptTask(spec, keyed(1))];
    expect([await canClaim(first), await canClaim(second)]).toEqual([true, false]);
    await expireLease(first);
    expect(await canClaim(second)).toBe(true);
    expect(await canClaim(first)).toBe(false);
  });

  it("are parked without an attempt and without a message, and woken when a slot becomes free", async () => {
    const on = testConsumer();
    const [first, second] = [await acceptTask(spec, keyed(1)), await acceptTask(spec, keyed(1))];
    expect(await canClaim(first)).toBe(true);
    await deliverMessages(on, [second]);
    expect(on.sent).toEqual([]);
    expect(await readRow(second)).toMatchObject({
      status: "queued",
      parked: "concurrency",
      attempt: 0,
      fence: 0,
    });
    await expireLease(first);
    await deliverMessages(on, [first]);
    expect(await readRow(first)).toMatchObject({ status: "succeeded" });
    expect(on.sent.map(({ body }) => body.task_id)).toEqual([second]);
    await deliverMessages(on, [second]);
    expect(await readRow(second)).toMatchObject({ status: "succeeded", parked: null });
    expect(await wakeNextTask(env.DB, "default", "crm")).toBeNull();
  });

  it("can be cancelled while they are parked", async () => {
    const on = testConsumer();
    const [first, second] = [await acceptTask(spec, keyed(1)), await acceptTask(spec, keyed(1))];
    await canClaim(first);
    await deliverMessages(on, [second]);
    await send(testFleet(), "POST", `/v1/tasks/${second}/cancel`);
    await deliverMessages(on, [second]);
    expect(await readRow(second)).toMatchObject({ status: "cancelled" });
  });
});

describe("a pause", () => {
  const pauses: [string, string, string][] = [
    ["the fleet", "/v1/pause", "/v1/resume"],
    ["a model", "/v1/models/%40cf%2Fx%2Fm/pause", "/v1/models/%40cf%2Fx%2Fm/resume"],
  ];
  it.each(pauses)("of %s starts no task until it is resumed", async (_name, pause, resume) => {
    const on = testConsumer();
    const fleet = testFleet();
    const id = await acceptTask(spec, { model: "@cf/x/m" });
    expect((await send(fleet, "POST", pause)).status).toBe(202);
    await deliverMessages(on, [id]);
    await deliverMessages(on, [id]);
    expect(await readRow(id)).toMatchObject({
      status: "queued",
      parked: "paused",
      attempt: 0,
      fence: 0,
    });
    expect(on.sent).toEqual([]);
    await sweep(fleet.env);
    expect(fleet.tasks.sent).toEqual([]);
    expect((await send(fleet, "POST", resume)).status).toBe(202);
    expect(fleet.tasks.sent.map(({ task_id }) => task_id)).toEqual([id]);
    expect(await canClaim(id)).toBe(true);
  });

  it("of a model does not hold back the tasks of other models", async () => {
    await send(testFleet(), "POST", "/v1/models/m/pause");
    expect(await (await send(testFleet(), "GET", "/v1/pause")).json()).toMatchObject({
      paused: false,
      models: [{ model: "m" }],
    });
    expect(await canClaim(await acceptTask(spec))).toBe(true);
  });

  it("of a batch starts no task and expands no line until it is resumed", async () => {
    const on = testConsumer();
    const fleet = testFleet();
    const answer = await send(fleet, "POST", "/v1/batches", lines([task(), task()]), ndjson);
    const { id } = await answer.json<{ id: string }>();
    const paused = await send(fleet, "POST", `/v1/batches/${id}/pause`);
    expect(await paused.json()).toMatchObject({ status: "running", paused: true });
    const ids = fleet.tasks.sent.splice(0).map(({ task_id }) => task_id);
    await deliverMessages(on, ids);
    expect(await readRow(ids[0] ?? "")).toMatchObject({ status: "queued", parked: "paused" });
    await env.DB.prepare("DELETE FROM tasks WHERE id >= ?1 AND id < ?2 AND batch_index = 1")
      .bind(batchTaskRange(id).from, batchTaskRange(id).to)
      .run();
    await env.DB.prepare("UPDATE batches SET expanded = 0, cursor_byte = 0, sweep_at = 0").run();
    await sweep(fleet.env);
    expect(fleet.tasks.sent).toEqual([]);
    await send(fleet, "POST", `/v1/batches/${id}/resume`);
    expect(new Set(fleet.tasks.sent.map(({ task_id }) => task_id))).toEqual(new Set(ids));
    expect(await canClaim(ids[0] ?? "")).toBe(true);
  });

  it("does not keep a task from being cancelled or expiring", async () => {
    const on = testConsumer();
    await send(testFleet(), "POST", "/v1/pause");
    const [cancelled, expired] = [
      await acceptTask(spec),
      await acceptTask(spec, { expires_at: Date.now() - 1 }),
    ];
    await send(testFleet(), "POST", `/v1/tasks/${cancelled}/cancel`);
    await deliverMessages(on, [cancelled, expired]);
    expect((await readRow(cancelled)).status).toBe("cancelled");
    expect((await readRow(expired)).status).toBe("expired");
  });
});

it("a task is not parked when nothing holds it back", async () => {
  const id = await acceptTask(spec);
  expect(await parkTask(env.DB, id)).toBeNull();
  expect(await readRow(id)).toMatchObject({ parked: null });
});
