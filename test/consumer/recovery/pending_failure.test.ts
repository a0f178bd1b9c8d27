import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { storesKilledAt } from "../faulty_stores.ts";
import { acceptTask, deliverMessages, finalAnswer, readRow, testConsumer } from "../harness.ts";

const failedReply = (status: number) => ({ error: { status, code: "x", message: "no" } });
const makeDue = (id: string) =>
  env.DB.prepare("UPDATE tasks SET lease_until = 0, not_before = NULL WHERE id = ?1")
    .bind(id)
    .run();

test("a task whose model rejected the request fails although its worker died before settling", async () => {
  for (let k = 1; k < 10; k++) {
    const id = await acceptTask({
      prompt: "p",
      attempts: 10,
      rehearsal: [failedReply(400), finalAnswer()],
    });
    await deliverMessages(testConsumer(storesKilledAt(k, false).env), [id]);
    await makeDue(id);
    await deliverMessages(testConsumer(), [id]);
    const { status, reason } = await readRow(id);
    expect([k, status, reason]).toEqual([k, "failed", "model_error"]);
  }
});

test("a failed attempt counts once although its worker died before releasing the task", async () => {
  // The first three calls come before the failure is journaled.
  for (let k = 4; k < 10; k++) {
    const id = await acceptTask({
      prompt: "p",
      attempts: 10,
      rehearsal: [failedReply(503), finalAnswer()],
    });
    await deliverMessages(testConsumer(storesKilledAt(k, false).env), [id]);
    for (let delivery = 0; delivery < 2; delivery++) {
      await makeDue(id);
      await deliverMessages(testConsumer(), [id]);
    }
    const { status, attempt } = await readRow(id);
    expect([k, status, attempt]).toEqual([k, "succeeded", 1]);
  }
});
