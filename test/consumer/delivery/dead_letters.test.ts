import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { claimTask } from "../../../shared/store/tasks/claims.ts";
import { releaseTask } from "../../../shared/store/tasks/settlements.ts";
import { emptyLedgerEntry } from "../../../shared/store/usage/spend.ts";
import {
  acceptTask,
  deliverMessages,
  finalAnswer,
  readRow,
  testConsumer,
  toolCall,
} from "../harness.ts";

const expireLease = (id: string) =>
  env.DB.prepare("UPDATE tasks SET lease_until = 0, not_before = NULL WHERE id = ?1")
    .bind(id)
    .run();
const makeMessageOld = (id: string) =>
  env.DB.prepare("UPDATE tasks SET sent_at = sent_at - 600000 WHERE id = ?1").bind(id).run();

test("a dead letter changes nothing when the task has a newer message", async () => {
  const on = testConsumer();
  const id = await acceptTask({
    prompt: "p",
    rehearsal: [toolCall("list_files", {}), finalAnswer()],
  });
  await claimTask(env.DB, id, "{}");
  await releaseTask(
    env.DB,
    { id, fence: 1 },
    { delayMs: 0, usageJson: "{}", quirksJson: "[]", errorJson: null, ledger: emptyLedgerEntry },
  );
  await env.DB.prepare("UPDATE tasks SET sent_at = sent_at + 600000 WHERE id = ?1").bind(id).run();
  await deliverMessages(on, [id], "tasks-dlq");
  expect((await readRow(id)).fence).toBe(1);
  await deliverMessages(on, [id]);
  const row = await readRow(id);
  expect([row.status, row.attempt]).toEqual(["succeeded", 0]);
});

test("a dead letter is one failed attempt, and only the last attempt makes the task dead", async () => {
  const on = testConsumer();
  const id = await acceptTask({ prompt: "p", attempts: 2, rehearsal: [finalAnswer()] });
  await makeMessageOld(id);
  await deliverMessages(on, [id], "tasks-dlq");
  const afterFirst = await readRow(id);
  expect([afterFirst.status, afterFirst.attempt]).toEqual(["queued", 1]);
  expect(on.sent.map((sent) => sent.body.task_id)).toEqual([id]);
  await expireLease(id);
  await makeMessageOld(id);
  await deliverMessages(on, [id], "tasks-dlq");
  const afterSecond = await readRow(id);
  expect([afterSecond.status, afterSecond.reason]).toEqual(["dead", "attempts_exhausted"]);
  expect(JSON.parse(afterSecond.error ?? "")).toMatchObject({ code: "store_fault" });
});

test("ten copies of a dead letter settle the task once", async () => {
  const on = testConsumer();
  const id = await acceptTask({ prompt: "p", attempts: 1 });
  await makeMessageOld(id);
  await deliverMessages(
    on,
    Array.from({ length: 10 }, () => id),
    "tasks-dlq",
  );
  const row = await readRow(id);
  expect([row.status, row.fence]).toEqual(["dead", 1]);
});

test("a task with a missing journal payload is dead after its attempts", async () => {
  const on = testConsumer();
  const id = await acceptTask({ prompt: "p", attempts: 2, rehearsal: [finalAnswer()] });
  await claimTask(env.DB, id, "{}");
  await env.DB.prepare(
    "INSERT INTO steps VALUES (?1, 1, 1, 'model', 'm', 'done', 1, 1, NULL, 'tasks/default/gone', '{}')",
  )
    .bind(id)
    .run();
  for (let delivery = 0; delivery < 2; delivery++) {
    await expireLease(id);
    await deliverMessages(on, [id]);
  }
  const row = await readRow(id);
  expect([row.status, row.attempt]).toEqual(["dead", 2]);
});

test("a task that dies of lost leases counts and lists the lost attempts", async () => {
  const id = await acceptTask({ prompt: "p", attempts: 2, rehearsal: [finalAnswer()] });
  for (let n = 0; n < 2; n++) {
    await claimTask(env.DB, id, "{}");
    await expireLease(id);
  }
  await deliverMessages(testConsumer(), [id]);
  const row = await readRow(id);
  expect([row.status, row.attempt]).toEqual(["dead", 2]);
  expect(JSON.parse(row.errors)).toMatchObject([
    { attempt: 1, code: "lease_lost" },
    { attempt: 2, code: "lease_lost" },
  ]);
});

test("a worker that dies while it settles a dead task does not exceed the attempts", async () => {
  const id = await acceptTask({ prompt: "p", attempts: 2 });
  for (let n = 0; n < 4; n++) {
    await claimTask(env.DB, id, "{}");
    await expireLease(id);
  }
  await deliverMessages(testConsumer(), [id]);
  const row = await readRow(id);
  expect([row.status, row.attempt, JSON.parse(row.errors).length]).toEqual(["dead", 2, 2]);
});

test("a dead letter does not exceed the attempts of its task", async () => {
  const id = await acceptTask({ prompt: "p", attempts: 1 });
  await claimTask(env.DB, id, "{}");
  await expireLease(id);
  await makeMessageOld(id);
  await deliverMessages(testConsumer(), [id], "tasks-dlq");
  const row = await readRow(id);
  expect([row.status, row.attempt]).toEqual(["dead", 1]);
});
