import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { batchTaskId, newBatchId } from "../../../shared/identity/ids.ts";
import { insertBatch } from "../../../shared/store/batches/batches.ts";
import { databaseLosingReply } from "../faulty_stores.ts";
import { acceptTask, deliverMessages, readRow, testConsumer, toolCall } from "../harness.ts";

/** A reply that costs a thousand tokens. */
const billedReply = (message: object) => ({
  raw: {
    choices: [{ finish_reason: "stop", message: { role: "assistant", content: "hi", ...message } }],
    usage: { prompt_tokens: 900, completion_tokens: 100 },
  },
});
const spec = { prompt: "p", rehearsal: [billedReply({})] };

async function insertBatchOf(limits: object, count: number, task: object = spec) {
  const id = newBatchId();
  await insertBatch(env.DB, {
    id,
    tenant: "default",
    idempotency_key: null,
    body_hash: null,
    total: count,
    input_key: "none",
    defaults: "{}",
    labels: "{}",
    limits: JSON.stringify(limits),
  });
  const ids: string[] = [];
  for (let index = 0; index < count; index++) {
    ids.push(
      await acceptTask(task, { id: batchTaskId(id, index), batch_id: id, batch_index: index }),
    );
  }
  const readUsage = () =>
    env.DB.prepare(
      "SELECT used_tokens AS tokens, used_cost_usd AS dollars FROM batches WHERE id = ?1",
    )
      .bind(id)
      .first<{ tokens: number; dollars: number }>();
  return { ids, used: readUsage };
}

test("the tasks of a batch share its token limit and exceed it by at most one call", async () => {
  const { ids, used } = await insertBatchOf({ tokens: 1_500 }, 6);
  for (const id of ids) await deliverMessages(testConsumer(), [id]);
  const rows = await Promise.all(ids.map(readRow));
  expect(rows.map((row) => row.status)).toEqual([
    "succeeded",
    "succeeded",
    "failed",
    "failed",
    "failed",
    "failed",
  ]);
  expect(rows.at(-1)?.reason).toBe("budget_tokens");
  expect(JSON.parse(rows.at(-1)?.error ?? "")).toMatchObject({ code: "batch_ceiling" });
  expect(await used()).toMatchObject({ tokens: 2_000 });
});

test("a running task ends when its batch reaches its limit", async () => {
  const callingReply = billedReply({
    tool_calls: [{ id: "1", type: "function", function: { name: "list_files", arguments: "{}" } }],
  });
  const task = {
    prompt: "p",
    rehearsal: [callingReply, callingReply, callingReply, toolCall("list_files", {})],
  };
  const { ids, used } = await insertBatchOf({ tokens: 1_500 }, 1, task);
  await deliverMessages(testConsumer(), ids);
  const row = await readRow(ids[0] ?? "");
  expect([row.status, row.reason]).toEqual(["failed", "budget_tokens"]);
  expect(await used()).toMatchObject({ tokens: 2_000 });
});

test("a batch without limits is not charged", async () => {
  const { ids, used } = await insertBatchOf({}, 2);
  for (const id of ids) await deliverMessages(testConsumer(), [id]);
  expect((await readRow(ids[1] ?? "")).status).toBe("succeeded");
  expect(await used()).toEqual({ tokens: 0, dollars: 0 });
});

test("a write whose reply was lost is charged once", async () => {
  const callingReply = billedReply({
    tool_calls: [{ id: "1", type: "function", function: { name: "list_files", arguments: "{}" } }],
  });
  const { ids, used } = await insertBatchOf({ tokens: 9_000 }, 1, {
    prompt: "p",
    rehearsal: [callingReply, billedReply({})],
  });
  await deliverMessages(testConsumer({ DB: databaseLosingReply(/^batch$/) }), ids);
  expect((await readRow(ids[0] ?? "")).status).toBe("succeeded");
  expect(await used()).toMatchObject({ tokens: 2_000 });
});
