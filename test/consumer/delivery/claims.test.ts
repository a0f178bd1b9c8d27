import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { readConfig } from "../../../consumer/config/config.ts";
import { deliver } from "../../../consumer/delivery/deliver.ts";
import { taskMessage } from "../../../shared/platform/message.ts";
import { noUsage } from "../../../shared/spend/usage.ts";
import { claimTask, heartbeat } from "../../../shared/store/tasks/claims.ts";
import { writeSteps } from "../../../shared/store/tasks/journal.ts";
import { releaseTask, writeSettlement } from "../../../shared/store/tasks/settlements.ts";
import { emptyLedgerEntry } from "../../../shared/store/usage/spend.ts";
import {
  acceptTask,
  deliverMessages,
  finalAnswer,
  readRow,
  testConsumer,
  toolCall,
} from "../harness.ts";

const task = { prompt: "p", rehearsal: [toolCall("list_files", {}), finalAnswer()] };
const hashes = JSON.stringify({ default: "h1" });
const expireLease = (id: string) =>
  env.DB.prepare("UPDATE tasks SET lease_until = 0 WHERE id = ?1").bind(id).run();
const settlement = {
  status: "succeeded",
  reason: "completed",
  usageJson: "{}",
  quirksJson: "[]",
  outputJson: null,
  errorJson: null,
  ledger: emptyLedgerEntry,
  attemptErrorJson: null,
  result: { key: "k", sha256: "s", bytes: 1 },
  body: null,
  charges: [],
  journaled: true,
} as const;
const step = {
  seq: 1,
  kind: "model",
  name: "m",
  status: "done",
  started_at: 1,
  duration_ms: 1,
  payload: "{}",
  payload_key: null,
  usage: noUsage,
} as const;

test("ten copies of a message are all acknowledged, and only one of them claims the task", async () => {
  const on = testConsumer();
  const id = await acceptTask(task);
  const delivered = await deliverMessages(
    on,
    Array.from({ length: 10 }, () => id),
  );
  expect(delivered).toEqual({ acked: 10, retried: 0 });
  const row = await readRow(id);
  expect([row.status, row.fence]).toEqual(["succeeded", 1]);
});

test("a claim fails under a live lease, and raises the fence after the lease has expired", async () => {
  const id = await acceptTask(task);
  expect((await claimTask(env.DB, id, hashes))?.fence).toBe(1);
  expect(await claimTask(env.DB, id, hashes)).toBeNull();
  await expireLease(id);
  expect((await claimTask(env.DB, id, hashes))?.fence).toBe(2);
});

test("a task is not claimed before its `not_before`, nor after it has settled", async () => {
  const early = await acceptTask(task, { not_before: Date.now() + 3_600_000 });
  expect(await claimTask(env.DB, early, hashes)).toBeNull();
  const id = await acceptTask(task);
  const row = await claimTask(env.DB, id, hashes);
  expect(await writeSettlement(env.DB, { id, fence: row?.fence ?? 0 }, settlement)).toMatchObject({
    ok: true,
  });
  expect(await claimTask(env.DB, id, hashes)).toBeNull();
});

test("a worker with an old fence can write no heartbeat, no step and no settlement", async () => {
  const id = await acceptTask(task);
  await claimTask(env.DB, id, hashes);
  await expireLease(id);
  await claimTask(env.DB, id, hashes);
  const old = { id, fence: 1 };
  expect(await heartbeat(env.DB, old)).toBe(false);
  expect(await writeSteps(env.DB, old, [step], null)).toEqual({ ok: false, error: "fence_lost" });
  expect(await writeSettlement(env.DB, old, settlement)).toEqual({
    ok: false,
    error: "fence_lost",
  });
  const rows = await env.DB.prepare("SELECT * FROM steps WHERE task_id = ?1").bind(id).all();
  expect(rows.results).toEqual([]);
  expect((await readRow(id)).status).toBe("running");
});

test("a settlement can be repeated after a lost reply", async () => {
  const id = await acceptTask(task);
  await claimTask(env.DB, id, hashes);
  expect(await writeSettlement(env.DB, { id, fence: 1 }, settlement)).toMatchObject({ ok: true });
  expect(await writeSettlement(env.DB, { id, fence: 1 }, settlement)).toMatchObject({ ok: true });
});

test("a lost lease costs an attempt only if its worker journaled no step", async () => {
  const id = await acceptTask(task);
  await claimTask(env.DB, id, hashes);
  await writeSteps(env.DB, { id, fence: 1 }, [step], null);
  await expireLease(id);
  expect((await claimTask(env.DB, id, hashes))?.attempt).toBe(0);
  await expireLease(id);
  expect((await claimTask(env.DB, id, hashes))?.attempt).toBe(1);
});

test("a claim counts as lost only when another worker takes it over", async () => {
  const id = await acceptTask(task);
  const first = await claimTask(env.DB, id, hashes);
  expect(first?.lost_claims).toBe(0);
  const release = { delayMs: 0, usageJson: "{}", quirksJson: "[]", errorJson: null };
  await releaseTask(env.DB, { id, fence: 1 }, { ...release, ledger: emptyLedgerEntry });
  expect((await claimTask(env.DB, id, hashes))?.lost_claims).toBe(0);
  await writeSteps(env.DB, { id, fence: 2 }, [step], null);
  await expireLease(id);
  expect((await claimTask(env.DB, id, hashes))?.lost_claims).toBe(1);
});

test("a task succeeds although its worker dies twenty times, each time after a step", async () => {
  const turns = Array.from({ length: 12 }, (_, n) =>
    toolCall("write_file", { path: `${n}.txt`, content: "x" }),
  );
  const id = await acceptTask({ prompt: "p", attempts: 2, rehearsal: [...turns, finalAnswer()] });
  const on = testConsumer();
  const config = { ...(await readConfig(on.env)), sliceMs: 0 };
  const oneSlice = { config, hasRoom: () => false };
  const body = taskMessage(id, "rehearsal");
  const message = { body, timestamp: new Date(), ack: () => {}, retry: () => {} };
  for (let death = 0; death < 20; death++) {
    await deliver(oneSlice, message as unknown as Message<unknown>, "normal");
    // The step is journaled, and the worker dies before it can release the task.
    await env.DB.prepare(
      "UPDATE tasks SET status = 'running', claimed_by = 'dead', lease_until = 0 WHERE id = ?1",
    )
      .bind(id)
      .run();
  }
  expect(await readRow(id)).toMatchObject({ attempt: 0, status: "running", lost_claims: 19 });
  await deliverMessages(on, [id]);
  expect(await readRow(id)).toMatchObject({ attempt: 0, status: "succeeded", lost_claims: 20 });
});

test("a task whose workers died in every attempt is dead", async () => {
  const on = testConsumer();
  const id = await acceptTask({ ...task, attempts: 2 });
  for (let n = 0; n < 2; n++) {
    await claimTask(env.DB, id, hashes);
    await expireLease(id);
  }
  await deliverMessages(on, [id]);
  const row = await readRow(id);
  expect([row.status, row.reason]).toEqual(["dead", "attempts_exhausted"]);
  expect(JSON.parse(row.error ?? "")).toMatchObject({ code: "lease_lost" });
});

test("the first claim pins the policy's hash, and later claims keep it", async () => {
  const id = await acceptTask(task);
  expect((await claimTask(env.DB, id, hashes))?.policy_hash).toBe("h1");
  await expireLease(id);
  expect((await claimTask(env.DB, id, JSON.stringify({ default: "h2" })))?.policy_hash).toBe("h1");
});

test("a message that arrives before its task is due is requeued for that time", async () => {
  const on = testConsumer();
  const id = await acceptTask(task, { not_before: Date.now() + 3_600_000 });
  expect(await deliverMessages(on, [id])).toEqual({ acked: 1, retried: 0 });
  expect(on.sent.map((sent) => sent.body.task_id)).toEqual([id]);
  expect(on.sent[0]?.delaySeconds).toBeGreaterThan(3_590);
});

test("a message without a task is acknowledged and changes nothing", async () => {
  const on = testConsumer();
  expect(await deliverMessages(on, ["task_unknown"])).toEqual({ acked: 1, retried: 0 });
});
