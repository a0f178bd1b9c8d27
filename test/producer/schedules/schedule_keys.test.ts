/** What is submitted later for a key: the ticks of a schedule, and a batch that is made from results. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it, test } from "vitest";
import { finishDueBatches } from "../../../producer/batches/finish.ts";
import { runDueTicks } from "../../../producer/schedules/tick.ts";
import { send, type TestFleet, task, testFleet } from "../client.ts";

interface Key {
  id: string;
  key: string;
}
interface View {
  id: string;
  key_id: string | null;
  open_tick: { at: string; error: { message: string } | null } | null;
  last_ticks: { outcome: string; batch_id: string | null; error: { message: string } | null }[];
}
interface BatchView {
  id: string;
  status: string;
  counts: { total: number; cancelled: number };
  waiting?: boolean;
  error: { code: string; message: string } | null;
}

let fleet: TestFleet;
beforeEach(async () => {
  fleet = testFleet();
  for (const table of ["api_keys", "schedules", "ticks", "batches", "batch_tallies", "tasks"]) {
    await env.DB.prepare(`DELETE FROM ${table}`).run();
  }
});

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

async function call<T>(method: string, path: string, body?: unknown, key?: string): Promise<T> {
  const response = await send(fleet, method, path, body, key === undefined ? {} : bearer(key));
  const text = await response.text();
  expect([response.status < 300, text]).toEqual([true, text]);
  return JSON.parse(text) as T;
}

const createKey = (overrides: Record<string, unknown> = {}) =>
  call<Key>("POST", "/v1/keys", { name: "a key", ...overrides });

const createSchedule = (key: string, overrides: Record<string, unknown> = {}) =>
  call<View>(
    "POST",
    "/v1/schedules",
    { name: "leads", cron: "0 * * * *", template: task(), items: { inline: [1, 2] }, ...overrides },
    key,
  );

const getSchedule = (id: string) => call<View>("GET", `/v1/schedules/${id}`);

/** Runs the tick of the current minute and returns the schedule. */
async function tick(id: string): Promise<View> {
  await setCursor(id, 0);
  await runDueTicks(fleet.env);
  return getSchedule(id);
}

async function setCursor(id: string, minutes: number): Promise<void> {
  const minute = Math.floor(Date.now() / 60_000) * 60_000 - minutes * 60_000;
  await env.DB.prepare("UPDATE schedules SET next_at = ?2, wake_at = ?2 WHERE id = ?1")
    .bind(id, minute)
    .run();
}

/** Makes the open tick due now, and runs it. */
async function retryTick(id: string): Promise<View> {
  await env.DB.prepare("UPDATE schedules SET wake_at = 0 WHERE id = ?1").bind(id).run();
  await runDueTicks(fleet.env);
  return getSchedule(id);
}

const revoke = (id: string) => call("DELETE", `/v1/keys/${id}`);
const expire = (id: string) =>
  env.DB.prepare("UPDATE api_keys SET expires_at = 1 WHERE id = ?1").bind(id).run();

async function countBatches(): Promise<number> {
  const row = await env.DB.prepare("SELECT COUNT(*) AS n FROM batches").first<{ n: number }>();
  return row?.n ?? 0;
}

/** Fills the backlog with one live task. */
const insertLiveTask = () =>
  env.DB.prepare(
    `INSERT INTO tasks (id, tenant, status, attempts, model, policy, sandbox, created_at, sweep_at)
     VALUES ('task_full', 'default', 'queued', 3, 'rehearsal', 'default', 'isolate', 0, 9000000000000)`,
  ).run();
const removeLiveTask = () => env.DB.prepare("DELETE FROM tasks WHERE id = 'task_full'").run();

describe("the key of a schedule", () => {
  it.each<[string, (id: string) => Promise<unknown>, string]>([
    ["is revoked", revoke, "key_revoked"],
    ["has expired", expire, "key_expired"],
    [
      "is missing",
      (id) => env.DB.prepare("DELETE FROM api_keys WHERE id = ?1").bind(id).run(),
      "key_revoked",
    ],
  ])("a schedule whose key %s submits nothing and says what to do", async (_name, end, outcome) => {
    const { id: keyId, key } = await createKey();
    const { id, key_id } = await createSchedule(key);
    expect(key_id).toBe(keyId);
    expect((await tick(id)).last_ticks).toMatchObject([{ outcome: "submitted" }]);
    await env.DB.prepare("DELETE FROM ticks").run();
    await env.DB.prepare("UPDATE batches SET status = 'finished', tick_at = 0").run();
    await end(keyId);
    const view = await tick(id);
    expect(view.last_ticks).toMatchObject([{ outcome, batch_id: null }]);
    const message = view.last_ticks[0]?.error?.message ?? "";
    expect(message).toContain(keyId);
    expect(message).toContain("fleet schedules enable leads");
    expect(await countBatches()).toBe(1);
  });

  test("a schedule with a revoked key ticks again once a valid key has written it", async () => {
    const first = await createKey();
    const { id } = await createSchedule(first.key);
    await revoke(first.id);
    const second = await createKey();
    const patched = await call<View>("PATCH", `/v1/schedules/${id}`, { enabled: true }, second.key);
    expect(patched.key_id).toBe(second.id);
    expect((await tick(id)).last_ticks).toMatchObject([{ outcome: "submitted" }]);
  });

  test("a schedule of the fleet's own key, which is in no table, ticks", async () => {
    const { id, key_id } = await call<View>("POST", "/v1/schedules", {
      ...{ name: "own", cron: "0 * * * *", template: task(), items: { inline: [1] } },
    });
    expect(key_id).toBeNull();
    expect((await tick(id)).last_ticks).toMatchObject([{ outcome: "submitted" }]);
  });

  test("a key that was revoked while a tick was open keeps the batch that the tick already has", async () => {
    const { id: keyId, key } = await createKey();
    const { id } = await createSchedule(key);
    await tick(id);
    const batch = await env.DB.prepare("SELECT id, tick_at FROM batches").first<{
      id: string;
      tick_at: number;
    }>();
    await env.DB.batch([
      env.DB.prepare("DELETE FROM ticks"),
      env.DB.prepare("UPDATE schedules SET open_tick = ?1, open_tries = 1").bind(batch?.tick_at),
    ]);
    await revoke(keyId);
    const view = await retryTick(id);
    expect(view.last_ticks).toMatchObject([{ outcome: "submitted", batch_id: batch?.id }]);
  });

  test("a tick whose key has a full backlog waits with a reason, and is submitted once there is room", async () => {
    const { key } = await createKey({ backlog: 1 });
    const { id } = await createSchedule(key);
    await insertLiveTask();
    const view = await tick(id);
    expect([view.last_ticks, await countBatches()]).toEqual([[], 0]);
    expect(view.open_tick?.error?.message).toContain("backlog limit of this key reached");
    for (let n = 0; n < 7; n++) expect((await retryTick(id)).last_ticks).toEqual([]);
    await removeLiveTask();
    const after = await retryTick(id);
    expect(after).toMatchObject({ open_tick: null, last_ticks: [{ outcome: "submitted" }] });
    expect(await countBatches()).toBe(1);
  });

  test("a tick that finds no room until the next tick is dropped as refused", async () => {
    const { key } = await createKey({ backlog: 1 });
    const { id } = await createSchedule(key);
    await insertLiveTask();
    await tick(id);
    await env.DB.prepare("UPDATE schedules SET next_at = ?2 WHERE id = ?1")
      .bind(id, Date.now() - 1)
      .run();
    const view = await retryTick(id);
    expect(view.last_ticks[0]).toMatchObject({ outcome: "refused", batch_id: null });
    expect(view.last_ticks[0]?.error?.message).toContain("backlog limit of this key reached");
  });

  test("a waiting tick of a disabled schedule is dropped", async () => {
    const { key } = await createKey({ backlog: 1 });
    const { id } = await createSchedule(key);
    await insertLiveTask();
    await tick(id);
    await call("PATCH", `/v1/schedules/${id}`, { enabled: false }, undefined);
    await removeLiveTask();
    const view = await retryTick(id);
    expect(view).toMatchObject({ open_tick: null, last_ticks: [{ outcome: "refused" }] });
    expect(await countBatches()).toBe(0);
  });

  test("a tick counts as a call of its key, and waits when the rate limit is reached", async () => {
    const { id: keyId, key } = await createKey({ requests_per_minute: 2 });
    const { id } = await createSchedule(key);
    expect((await tick(id)).last_ticks).toMatchObject([{ outcome: "submitted" }]);
    const rejection = await send(fleet, "GET", "/v1/tasks", undefined, bearer(key));
    expect(rejection.status).toBe(429);
    await env.DB.prepare("UPDATE batches SET status = 'finished', tick_at = 0").run();
    await env.DB.prepare("DELETE FROM ticks").run();
    const waiting = await tick(id);
    expect([waiting.last_ticks, waiting.open_tick?.error?.message]).toEqual([
      [],
      expect.stringContaining("2 calls per minute"),
    ]);
    await env.DB.prepare("UPDATE api_keys SET window_at = window_at - 1 WHERE id = ?1")
      .bind(keyId)
      .run();
    expect((await retryTick(id)).last_ticks).toMatchObject([{ outcome: "submitted" }]);
  });
});

describe("the key of a batch that follows another", () => {
  async function createFollower(key: string, overrides: Record<string, unknown>) {
    const source = await call<BatchView>("POST", "/v1/batches", { tasks: [task()] });
    const body = { after: { batch: source.id }, ...overrides };
    const follower = await call<BatchView>("POST", "/v1/batches", body, key);
    return { source, follower };
  }
  const finish = (source: string) =>
    env.DB.batch([
      env.DB.prepare(
        `UPDATE tasks SET status = 'succeeded', reason = 'completed', result_key = 'k', output = '{}',
           finished_at = ?2, sweep_at = NULL WHERE batch_id = ?1`,
      ).bind(source, Date.now()),
      env.DB.prepare("UPDATE batches SET close_at = 0"),
    ]);
  const read = (id: string) => call<BatchView>("GET", `/v1/batches/${id}`);

  it.each([
    [revoke, "key_revoked"],
    [expire, "key_expired"],
  ] as const)(
    "a follower that is made from results ends once its key has ended (%#)",
    async (end, code) => {
      const { id: keyId, key } = await createKey();
      const { source, follower } = await createFollower(key, { template: task() });
      await end(keyId);
      await finish(source.id);
      await finishDueBatches(fleet.env);
      expect(await read(follower.id)).toMatchObject({
        status: "finished",
        counts: { total: 0 },
        error: { code, message: expect.stringContaining(keyId) },
      });
    },
  );

  test("a follower with its own tasks starts after its key was revoked, because they were accepted before", async () => {
    const { id: keyId, key } = await createKey();
    const { source, follower } = await createFollower(key, { tasks: [task()] });
    await revoke(keyId);
    await finish(source.id);
    await finishDueBatches(fleet.env);
    expect(await read(follower.id)).toMatchObject({ waiting: false, error: null });
  });

  test("a follower that is made from results waits while its key has a full backlog", async () => {
    const { key } = await createKey({ backlog: 2 });
    const { source, follower } = await createFollower(key, { template: task() });
    await finish(source.id);
    await insertLiveTask();
    await env.DB.prepare("UPDATE api_keys SET backlog = 1").run();
    await finishDueBatches(fleet.env);
    expect(await read(follower.id)).toMatchObject({ waiting: true, error: { code: "backlog" } });
    await removeLiveTask();
    await env.DB.prepare("UPDATE batches SET close_at = 0").run();
    await finishDueBatches(fleet.env);
    expect(await read(follower.id)).toMatchObject({
      waiting: false,
      error: null,
      counts: { total: 1 },
    });
  });

  test("the tasks of a waiting follower count against the backlog", async () => {
    const { key } = await createKey({ backlog: 3 });
    await createFollower(key, { tasks: [task(), task()] });
    const response = await send(fleet, "POST", "/v1/tasks", task(), bearer(key));
    expect(response.status).toBe(429);
  });
});
