import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { noUsage } from "../../../shared/spend/usage.ts";
import { claimTask } from "../../../shared/store/tasks/claims.ts";
import { readSteps, writeSteps } from "../../../shared/store/tasks/journal.ts";
import { releaseTask } from "../../../shared/store/tasks/settlements.ts";
import { requestCancel } from "../../../shared/store/tasks/tasks.ts";
import { emptyLedgerEntry } from "../../../shared/store/usage/spend.ts";
import { databaseLosingReply } from "../faulty_stores.ts";
import { acceptTask, deliverMessages, finalAnswer, readRow, testConsumer } from "../harness.ts";

const claimSql = /SET\s+attempt = attempt/;
const release = { usageJson: "{}", quirksJson: "[]", errorJson: null, ledger: emptyLedgerEntry };

test("a claim whose reply was lost is repeated under the same fence", async () => {
  const id = await acceptTask({ prompt: "p" });
  expect((await claimTask(databaseLosingReply(claimSql), id, "{}"))?.fence).toBe(1);
});

test("a claim whose reply was lost costs no attempt", async () => {
  const id = await acceptTask({ prompt: "p", attempts: 1, rehearsal: [finalAnswer()] });
  await deliverMessages(testConsumer({ DB: databaseLosingReply(claimSql) }), [id]);
  const row = await readRow(id);
  expect([row.status, row.attempt]).toEqual(["succeeded", 0]);
});

test("a release whose reply was lost still requeues the task", async () => {
  const on = testConsumer({ DB: databaseLosingReply(/SET status = 'queued', lease_until = NULL/) });
  const down = { error: { status: 503, code: "x", message: "down" } };
  const id = await acceptTask({ prompt: "p", rehearsal: [down, finalAnswer()] });
  await deliverMessages(on, [id]);
  expect((await readRow(id)).status).toBe("queued");
  expect(on.sent.map((sent) => sent.body.task_id)).toEqual([id]);
});

test("a late repetition of an intent does not undo the outcome", async () => {
  const id = await acceptTask({ prompt: "p" });
  await claimTask(env.DB, id, "{}");
  const step = {
    seq: 1,
    kind: "tool",
    name: "x",
    started_at: 1,
    duration_ms: 1,
    payload: "{}",
    payload_key: null,
    usage: noUsage,
  } as const;
  await writeSteps(env.DB, { id, fence: 1 }, [{ ...step, status: "done" }], null);
  await writeSteps(env.DB, { id, fence: 1 }, [{ ...step, status: "intent" }], null);
  expect((await readSteps(env.DB, id)).map(({ status }) => status)).toEqual(["done"]);
});

test("a task that is cancelled before a long wait is due at once", async () => {
  const id = await acceptTask({ prompt: "p" });
  await claimTask(env.DB, id, "{}");
  await requestCancel(env.DB, "default", id);
  const released = await releaseTask(env.DB, { id, fence: 1 }, { ...release, delayMs: 86_400_000 });
  expect(released).toEqual({ ok: true, value: { cancelRequested: true } });
  const row = await readRow(id);
  expect(row.not_before).toBeNull();
});
