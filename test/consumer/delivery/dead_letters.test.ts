import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { claim, release } from "../../../shared/store/claims.ts";
import { noneCharged } from "../../../shared/store/spend.ts";
import { accept, bench, call, deliverTo, finish, rowOf } from "../harness.ts";

const lapse = (id: string) =>
  env.DB.prepare("UPDATE tasks SET lease_until = 0, not_before = NULL WHERE id = ?1")
    .bind(id)
    .run();
const age = (id: string) =>
  env.DB.prepare("UPDATE tasks SET sent_at = sent_at - 600000 WHERE id = ?1").bind(id).run();

test("a stale message that the platform gave up on does not touch a task with a newer one", async () => {
  const on = bench();
  const id = await accept({ prompt: "p", rehearsal: [call("list_files", {}), finish()] });
  await claim(env.DB, id, "{}");
  await release(
    env.DB,
    { id, fence: 1 },
    { delayMs: 0, usageJson: "{}", quirksJson: "[]", errorJson: null, charged: noneCharged },
  );
  await env.DB.prepare("UPDATE tasks SET sent_at = sent_at + 600000 WHERE id = ?1").bind(id).run();
  await deliverTo(on, [id], "tasks-dlq");
  expect((await rowOf(id)).fence).toBe(1);
  await deliverTo(on, [id]);
  const row = await rowOf(id);
  expect([row.status, row.attempt]).toEqual(["succeeded", 0]);
});

test("a delivery that never ended is one failed attempt, and only the last makes the task dead", async () => {
  const on = bench();
  const id = await accept({ prompt: "p", attempts: 2, rehearsal: [finish()] });
  await age(id);
  await deliverTo(on, [id], "tasks-dlq");
  const once = await rowOf(id);
  expect([once.status, once.attempt]).toEqual(["queued", 1]);
  expect(on.sent.map((sent) => sent.body.task_id)).toEqual([id]);
  await lapse(id);
  await age(id);
  await deliverTo(on, [id], "tasks-dlq");
  const twice = await rowOf(id);
  expect([twice.status, twice.reason]).toEqual(["dead", "attempts_exhausted"]);
  expect(JSON.parse(twice.error ?? "")).toMatchObject({ code: "store_fault" });
});

test("the same dead letter ten times over settles once", async () => {
  const on = bench();
  const id = await accept({ prompt: "p", attempts: 1 });
  await age(id);
  await deliverTo(
    on,
    Array.from({ length: 10 }, () => id),
    "tasks-dlq",
  );
  const row = await rowOf(id);
  expect([row.status, row.fence]).toEqual(["dead", 1]);
});

test("a task whose journal has lost a payload becomes dead, not immortal", async () => {
  const on = bench();
  const id = await accept({ prompt: "p", attempts: 2, rehearsal: [finish()] });
  await claim(env.DB, id, "{}");
  await env.DB.prepare(
    "INSERT INTO steps VALUES (?1, 1, 1, 'model', 'm', 'done', 1, 1, NULL, 'tasks/default/gone', '{}')",
  )
    .bind(id)
    .run();
  for (let delivery = 0; delivery < 2; delivery++) {
    await lapse(id);
    await deliverTo(on, [id]);
  }
  const row = await rowOf(id);
  expect([row.status, row.attempt]).toEqual(["dead", 2]);
});

test("a takeover that ends as dead counts and names the attempts that were lost", async () => {
  const id = await accept({ prompt: "p", attempts: 2, rehearsal: [finish()] });
  for (let n = 0; n < 2; n++) {
    await claim(env.DB, id, "{}");
    await lapse(id);
  }
  await deliverTo(bench(), [id]);
  const row = await rowOf(id);
  expect([row.status, row.attempt]).toEqual(["dead", 2]);
  expect(JSON.parse(row.errors)).toMatchObject([
    { attempt: 1, code: "lease_lost" },
    { attempt: 2, code: "lease_lost" },
  ]);
});

test("a worker that dies while it settles a task as dead costs no attempt beyond the last", async () => {
  const id = await accept({ prompt: "p", attempts: 2 });
  for (let n = 0; n < 4; n++) {
    await claim(env.DB, id, "{}");
    await lapse(id);
  }
  await deliverTo(bench(), [id]);
  const row = await rowOf(id);
  expect([row.status, row.attempt, JSON.parse(row.errors).length]).toEqual(["dead", 2, 2]);
});

test("a dead letter of a task that has no try left counts none", async () => {
  const id = await accept({ prompt: "p", attempts: 1 });
  await claim(env.DB, id, "{}");
  await lapse(id);
  await age(id);
  await deliverTo(bench(), [id], "tasks-dlq");
  const row = await rowOf(id);
  expect([row.status, row.attempt]).toEqual(["dead", 1]);
});
