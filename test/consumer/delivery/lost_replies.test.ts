import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { claim, release } from "../../../shared/store/claims.ts";
import { readSteps, writeSteps } from "../../../shared/store/journal.ts";
import { noneCharged } from "../../../shared/store/spend.ts";
import { requestCancel } from "../../../shared/store/tasks.ts";
import { noUsage } from "../../../shared/usage.ts";
import { losingDatabase } from "../faulty_stores.ts";
import { accept, bench, deliverTo, finish, rowOf } from "../harness.ts";

const claiming = /SET\s+attempt = attempt/;
const waiting = { usageJson: "{}", quirksJson: "[]", errorJson: null, charged: noneCharged };

test("a claim that was applied and whose answer was lost is still ours, under the same fence", async () => {
  const id = await accept({ prompt: "p" });
  expect((await claim(losingDatabase(claiming), id, "{}"))?.fence).toBe(1);
});

test("a lost answer to the claim costs no attempt, not even of a task that has only one", async () => {
  const id = await accept({ prompt: "p", attempts: 1, rehearsal: [finish()] });
  await deliverTo(bench({ DB: losingDatabase(claiming) }), [id]);
  const row = await rowOf(id);
  expect([row.status, row.attempt]).toEqual(["succeeded", 0]);
});

test("a release whose answer was lost still sends its continuation", async () => {
  const on = bench({ DB: losingDatabase(/SET status = 'queued', lease_until = NULL/) });
  const down = { error: { status: 503, code: "x", message: "down" } };
  const id = await accept({ prompt: "p", rehearsal: [down, finish()] });
  await deliverTo(on, [id]);
  expect((await rowOf(id)).status).toBe("queued");
  expect(on.sent.map((sent) => sent.body.task_id)).toEqual([id]);
});

test("a late repeat of an intent does not undo the outcome", async () => {
  const id = await accept({ prompt: "p" });
  await claim(env.DB, id, "{}");
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

test("a cancel that falls between the last step and a long wait does not wait it out", async () => {
  const id = await accept({ prompt: "p" });
  await claim(env.DB, id, "{}");
  await requestCancel(env.DB, "default", id);
  const released = await release(env.DB, { id, fence: 1 }, { ...waiting, delayMs: 86_400_000 });
  expect(released).toEqual({ held: true, cancelRequested: true });
  const row = await rowOf(id);
  expect(row.not_before).toBeNull();
});
