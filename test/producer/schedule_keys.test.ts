/** What is submitted in a key's name later: a schedule's ticks, and a batch made of another's results. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it, test } from "vitest";
import { closeDueBatches } from "../../producer/batches/close.ts";
import { runDueTicks } from "../../producer/schedules/tick.ts";
import { send, type TestFleet, task, testFleet } from "./client.ts";

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
interface BatchAnswer {
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

async function asked<T>(method: string, path: string, body?: unknown, key?: string): Promise<T> {
  const answer = await send(fleet, method, path, body, key === undefined ? {} : bearer(key));
  const text = await answer.text();
  expect([answer.status < 300, text]).toEqual([true, text]);
  return JSON.parse(text) as T;
}

const made = (more: Record<string, unknown> = {}) =>
  asked<Key>("POST", "/v1/keys", { name: "a key", ...more });

const scheduled = (key: string, more: Record<string, unknown> = {}) =>
  asked<View>(
    "POST",
    "/v1/schedules",
    { name: "leads", cron: "0 * * * *", template: task(), items: { inline: [1, 2] }, ...more },
    key,
  );

const shown = (id: string) => asked<View>("GET", `/v1/schedules/${id}`);

/** Sets the cursor to the minute that runs, ticks, and answers what became of it. */
async function ticked(id: string): Promise<View> {
  await setBack(id, 0);
  await runDueTicks(fleet.env);
  return shown(id);
}

async function setBack(id: string, minutes: number): Promise<void> {
  const tick = Math.floor(Date.now() / 60_000) * 60_000 - minutes * 60_000;
  await env.DB.prepare("UPDATE schedules SET next_at = ?2, wake_at = ?2 WHERE id = ?1")
    .bind(id, tick)
    .run();
}

/** Lets what waits be looked at again now. */
async function lookAgain(id: string): Promise<View> {
  await env.DB.prepare("UPDATE schedules SET wake_at = 0 WHERE id = ?1").bind(id).run();
  await runDueTicks(fleet.env);
  return shown(id);
}

const revoke = (id: string) => asked("DELETE", `/v1/keys/${id}`);
const expire = (id: string) =>
  env.DB.prepare("UPDATE api_keys SET expires_at = 1 WHERE id = ?1").bind(id).run();

async function countBatches(): Promise<number> {
  const row = await env.DB.prepare("SELECT COUNT(*) AS n FROM batches").first<{ n: number }>();
  return row?.n ?? 0;
}

/** Fills the tenant with one live task, until it is settled. */
const live = () =>
  env.DB.prepare(
    `INSERT INTO tasks (id, tenant, status, attempts, model, policy, sandbox, created_at, sweep_at)
     VALUES ('task_full', 'default', 'queued', 3, 'rehearsal', 'default', 'isolate', 0, 9000000000000)`,
  ).run();
const settled = () => env.DB.prepare("DELETE FROM tasks WHERE id = 'task_full'").run();

describe("a schedule whose key", () => {
  it.each<[string, (id: string) => Promise<unknown>, string]>([
    ["is revoked", revoke, "key_revoked"],
    ["has expired", expire, "key_expired"],
    [
      "is gone",
      (id) => env.DB.prepare("DELETE FROM api_keys WHERE id = ?1").bind(id).run(),
      "key_revoked",
    ],
  ])("%s submits nothing, and says why and what to do", async (_name, end, outcome) => {
    const { id: keyId, key } = await made();
    const { id, key_id } = await scheduled(key);
    expect(key_id).toBe(keyId);
    expect((await ticked(id)).last_ticks).toMatchObject([{ outcome: "submitted" }]);
    await env.DB.prepare("DELETE FROM ticks").run();
    await env.DB.prepare("UPDATE batches SET status = 'finished', tick_at = 0").run();
    await end(keyId);
    const view = await ticked(id);
    expect(view.last_ticks).toMatchObject([{ outcome, batch_id: null }]);
    const message = view.last_ticks[0]?.error?.message ?? "";
    expect(message).toContain(keyId);
    expect(message).toContain("fleet schedules enable leads");
    expect(await countBatches()).toBe(1);
  });

  test("is revoked ticks again once a key that holds has written it", async () => {
    const first = await made();
    const { id } = await scheduled(first.key);
    await revoke(first.id);
    const second = await made();
    const patched = await asked<View>(
      "PATCH",
      `/v1/schedules/${id}`,
      { enabled: true },
      second.key,
    );
    expect(patched.key_id).toBe(second.id);
    expect((await ticked(id)).last_ticks).toMatchObject([{ outcome: "submitted" }]);
  });

  test("is the fleet's own, which is in no table, ticks on", async () => {
    const { id, key_id } = await asked<View>("POST", "/v1/schedules", {
      ...{ name: "own", cron: "0 * * * *", template: task(), items: { inline: [1] } },
    });
    expect(key_id).toBeNull();
    expect((await ticked(id)).last_ticks).toMatchObject([{ outcome: "submitted" }]);
  });

  test("was revoked while a tick was open: a batch that it made already is that tick's", async () => {
    const { id: keyId, key } = await made();
    const { id } = await scheduled(key);
    await ticked(id);
    const batch = await env.DB.prepare("SELECT id, tick_at FROM batches").first<{
      id: string;
      tick_at: number;
    }>();
    await env.DB.batch([
      env.DB.prepare("DELETE FROM ticks"),
      env.DB.prepare("UPDATE schedules SET open_tick = ?1, open_tries = 1").bind(batch?.tick_at),
    ]);
    await revoke(keyId);
    const view = await lookAgain(id);
    expect(view.last_ticks).toMatchObject([{ outcome: "submitted", batch_id: batch?.id }]);
  });

  test("has as much waiting as it may waits visibly, and submits once there is room", async () => {
    const { key } = await made({ backlog: 1 });
    const { id } = await scheduled(key);
    await live();
    const view = await ticked(id);
    expect([view.last_ticks, await countBatches()]).toEqual([[], 0]);
    expect(view.open_tick?.error?.message).toContain("as many as this key may leave");
    for (let n = 0; n < 7; n++) expect((await lookAgain(id)).last_ticks).toEqual([]);
    await settled();
    const after = await lookAgain(id);
    expect(after).toMatchObject({ open_tick: null, last_ticks: [{ outcome: "submitted" }] });
    expect(await countBatches()).toBe(1);
  });

  test("has no room until the next tick is due gives the earlier one up, as a refused call", async () => {
    const { key } = await made({ backlog: 1 });
    const { id } = await scheduled(key);
    await live();
    await ticked(id);
    await env.DB.prepare("UPDATE schedules SET next_at = ?2 WHERE id = ?1")
      .bind(id, Date.now() - 1)
      .run();
    const view = await lookAgain(id);
    expect(view.last_ticks[0]).toMatchObject({ outcome: "refused", batch_id: null });
    expect(view.last_ticks[0]?.error?.message).toContain("as many as this key may leave");
  });

  test("has no room submits nothing more once it is disabled", async () => {
    const { key } = await made({ backlog: 1 });
    const { id } = await scheduled(key);
    await live();
    await ticked(id);
    await asked("PATCH", `/v1/schedules/${id}`, { enabled: false }, undefined);
    await settled();
    const view = await lookAgain(id);
    expect(view).toMatchObject({ open_tick: null, last_ticks: [{ outcome: "refused" }] });
    expect(await countBatches()).toBe(0);
  });

  test("has made its calls of the minute waits for the next, and a tick is a call", async () => {
    const { id: keyId, key } = await made({ requests_per_minute: 2 });
    const { id } = await scheduled(key);
    expect((await ticked(id)).last_ticks).toMatchObject([{ outcome: "submitted" }]);
    const refused = await send(fleet, "GET", "/v1/tasks", undefined, bearer(key));
    expect(refused.status).toBe(429);
    await env.DB.prepare("UPDATE batches SET status = 'finished', tick_at = 0").run();
    await env.DB.prepare("DELETE FROM ticks").run();
    const waiting = await ticked(id);
    expect([waiting.last_ticks, waiting.open_tick?.error?.message]).toEqual([
      [],
      expect.stringContaining("2 times a minute"),
    ]);
    await env.DB.prepare("UPDATE api_keys SET window_at = window_at - 1 WHERE id = ?1")
      .bind(keyId)
      .run();
    expect((await lookAgain(id)).last_ticks).toMatchObject([{ outcome: "submitted" }]);
  });
});

describe("a batch that follows another", () => {
  async function followed(key: string, more: Record<string, unknown>) {
    const source = await asked<BatchAnswer>("POST", "/v1/batches", { tasks: [task()] });
    const body = { after: { batch: source.id }, ...more };
    const follower = await asked<BatchAnswer>("POST", "/v1/batches", body, key);
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
  const read = (id: string) => asked<BatchAnswer>("GET", `/v1/batches/${id}`);

  it.each([
    [revoke, "key_revoked"],
    [expire, "key_expired"],
  ] as const)(
    "and is made of its results makes none once its key has ended (%#)",
    async (end, code) => {
      const { id: keyId, key } = await made();
      const { source, follower } = await followed(key, { template: task() });
      await end(keyId);
      await finish(source.id);
      await closeDueBatches(fleet.env);
      expect(await read(follower.id)).toMatchObject({
        status: "finished",
        counts: { total: 0 },
        error: { code, message: expect.stringContaining(keyId) },
      });
    },
  );

  test("with tasks of its own goes on: they were accepted while its key held", async () => {
    const { id: keyId, key } = await made();
    const { source, follower } = await followed(key, { tasks: [task()] });
    await revoke(keyId);
    await finish(source.id);
    await closeDueBatches(fleet.env);
    expect(await read(follower.id)).toMatchObject({ waiting: false, error: null });
  });

  test("and is made of its results waits while its key has no room", async () => {
    const { key } = await made({ backlog: 2 });
    const { source, follower } = await followed(key, { template: task() });
    await finish(source.id);
    await live();
    await env.DB.prepare("UPDATE api_keys SET backlog = 1").run();
    await closeDueBatches(fleet.env);
    expect(await read(follower.id)).toMatchObject({ waiting: true, error: { code: "backlog" } });
    await settled();
    await env.DB.prepare("UPDATE batches SET close_at = 0").run();
    await closeDueBatches(fleet.env);
    expect(await read(follower.id)).toMatchObject({
      waiting: false,
      error: null,
      counts: { total: 1 },
    });
  });

  test("counts against the backlog with its own tasks while it waits", async () => {
    const { key } = await made({ backlog: 3 });
    await followed(key, { tasks: [task(), task()] });
    const answer = await send(fleet, "POST", "/v1/tasks", task(), bearer(key));
    expect(answer.status).toBe(429);
  });
});
