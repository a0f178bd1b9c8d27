/** Rows of `webhooks` and `inbox_dead` have the same retention as settled tasks. */
import { env } from "cloudflare:workers";
import { beforeEach, expect, it, test } from "vitest";
import { sweep } from "../../../producer/sweep/sweep.ts";
import { databaseLosingReply, storesKilledAt } from "../../consumer/faulty_stores.ts";
import { send, testFleet } from "../client.ts";
import { count, day, emptyStores, sweepAhead, taskIdAt } from "./leftovers.ts";

beforeEach(emptyStores);

/** A webhook of a task that ended, and that was delivered or given up, these numbers of days ago. */
async function insertWebhook(
  endedAt: number,
  state: string,
  doneAt: number | null,
): Promise<string> {
  const id = `hook_${taskIdAt(Date.now() - endedAt * day).slice("task_".length)}-1`;
  await env.DB.prepare(
    `INSERT INTO webhooks (id, tenant, event, subject, target, state, tries, due_at, created_at, ended_at)
     VALUES (?1, 'default', 'task.ended', 'task_x', '{"url":"https://a.example/","secret":"S"}', ?2, 3, ?3, ?4, ?5)`,
  )
    .bind(
      ...[id, state, doneAt === null ? 9e15 : null, Date.now() - endedAt * day],
      doneAt === null ? null : Date.now() - doneAt * day,
    )
    .run();
  return id;
}

let messages = 0;
async function insertDeadMessage(days: number): Promise<string> {
  const id = `${["0", "9", "f"][messages % 3]}${String(messages++).padStart(6, "0")}`;
  await env.DB.prepare(
    `INSERT INTO inbox_dead (id, tenant, body, problem, received_at)
     VALUES (?1, 'default', '{}', '{"message":"m"}', ?2)`,
  )
    .bind(id, Date.now() - days * day)
    .run();
  return id;
}

const idsOf = async (table: "webhooks" | "inbox_dead") =>
  (await env.DB.prepare(`SELECT id FROM ${table} ORDER BY id`).all<{ id: string }>()).results.map(
    ({ id }) => id,
  );

it("a webhook is removed when its delivery ended long enough ago; one that is still tried stays", async () => {
  await insertWebhook(31, "delivered", 31);
  await insertWebhook(40, "dead", 31);
  const expected = [
    await insertWebhook(40, "waiting", null),
    await insertWebhook(40, "delivered", 29),
    await insertWebhook(1, "dead", 1),
  ].sort();
  expect(await sweep(testFleet().env)).toMatchObject({ removed_rows: 2 });
  expect(await idsOf("webhooks")).toEqual(expected);
});

it("a dead message is removed when it arrived long enough ago", async () => {
  for (const days of [31, 90, 31]) await insertDeadMessage(days);
  const expected = [await insertDeadMessage(29), await insertDeadMessage(0)].sort();
  expect(await sweep(testFleet().env)).toMatchObject({ removed_rows: 3 });
  expect(await idsOf("inbox_dead")).toEqual(expected);
});

test.each([
  ["7", [1, 1]],
  ["forever", [2, 2]],
  ["never", [2, 2]],
])("RETENTION_DAYS %s applies to webhooks and dead messages too", async (days, remainingRows) => {
  await insertWebhook(8, "dead", 8);
  await insertWebhook(1, "dead", 1);
  await insertDeadMessage(8);
  await insertDeadMessage(1);
  await sweep(testFleet({ RETENTION_DAYS: days }).env);
  expect([await count("webhooks"), await count("inbox_dead")]).toEqual(remainingRows);
});

it("webhooks and dead messages are removed page by page, by concurrent sweeps", async () => {
  const rows = Array.from({ length: 1_200 }, (_, n) => [
    `hook_${taskIdAt(Date.now() - 40 * day).slice("task_".length)}-${n}`,
    `m${String(n).padStart(5, "0")}`,
  ]);
  await env.DB.prepare(
    `INSERT INTO webhooks (id, tenant, event, subject, target, state, created_at, ended_at)
     SELECT value->>0, 'default', 'task.ended', 's', '{}', 'delivered', 0, 1 FROM json_each(?1)`,
  )
    .bind(JSON.stringify(rows))
    .run();
  await env.DB.prepare(
    `INSERT INTO inbox_dead (id, tenant, body, problem, received_at)
     SELECT value->>1, 'default', '{}', '{}', 1 FROM json_each(?1)`,
  )
    .bind(JSON.stringify(rows))
    .run();
  const results = await Promise.all([sweep(testFleet().env), sweep(testFleet().env)]);
  expect(results.every(({ pages }) => pages <= 20)).toBe(true);
  await sweep(testFleet().env);
  expect([await count("webhooks"), await count("inbox_dead")]).toEqual([0, 0]);
});

it("after a sweep that is killed at any store call, a later sweep removes the rest", async () => {
  for (let k = 1; ; k++) {
    await emptyStores();
    await insertWebhook(40, "dead", 40);
    await insertDeadMessage(40);
    await env.DB.prepare(
      "UPDATE walks SET due_at = 9e15 WHERE name NOT IN ('webhooks', 'inbox_dead')",
    ).run();
    const stores = storesKilledAt(k, true);
    await sweep(testFleet(stores.env).env);
    await sweepAhead(2);
    expect([k, await count("webhooks"), await count("inbox_dead")]).toEqual([k, 0, 0]);
    if (stores.calls() < k) break;
  }
});

it("a removal whose reply is lost is repeated without further effect", async () => {
  await insertWebhook(40, "dead", 40);
  await insertWebhook(40, "dead", 2);
  await sweep(testFleet({ DB: databaseLosingReply(/^run$/) }).env);
  expect(await count("webhooks")).toBe(1);
});

it("a webhook that is redelivered during a removal stays", async () => {
  const id = await insertWebhook(40, "dead", 40);
  const fleet = testFleet();
  const redelivered = await send(fleet, "POST", `/v1/webhooks/${id}/redeliver`);
  expect(redelivered.status).toBe(202);
  await sweep(fleet.env);
  expect(await idsOf("webhooks")).toEqual([id]);
});
