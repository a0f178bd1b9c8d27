import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { batchTaskId, newBatchId } from "../../../shared/ids.ts";
import { insertBatch } from "../../../shared/store/batches.ts";
import { losingDatabase } from "../faulty_stores.ts";
import { accept, bench, call, deliverTo, rowOf } from "../harness.ts";

/** A reply that bills a thousand tokens. */
const billed = (message: object) => ({
  raw: {
    choices: [{ finish_reason: "stop", message: { role: "assistant", content: "hi", ...message } }],
    usage: { prompt_tokens: 900, completion_tokens: 100 },
  },
});
const answering = { prompt: "p", rehearsal: [billed({})] };

async function batchOf(limits: object, count: number, task: object = answering) {
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
    ids.push(await accept(task, { id: batchTaskId(id, index), batch_id: id, batch_index: index }));
  }
  const used = () =>
    env.DB.prepare(
      "SELECT used_tokens AS tokens, used_cost_usd AS dollars FROM batches WHERE id = ?1",
    )
      .bind(id)
      .first<{ tokens: number; dollars: number }>();
  return { ids, used };
}

test("a batch's tokens bound its tasks together, overshot by one call at most", async () => {
  const { ids, used } = await batchOf({ tokens: 1_500 }, 6);
  for (const id of ids) await deliverTo(bench(), [id]);
  const rows = await Promise.all(ids.map(rowOf));
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

test("a task in the middle of its work ends when the batch's ceiling is reached", async () => {
  const calling = billed({
    tool_calls: [{ id: "1", type: "function", function: { name: "list_files", arguments: "{}" } }],
  });
  const task = { prompt: "p", rehearsal: [calling, calling, calling, call("list_files", {})] };
  const { ids, used } = await batchOf({ tokens: 1_500 }, 1, task);
  await deliverTo(bench(), ids);
  const row = await rowOf(ids[0] ?? "");
  expect([row.status, row.reason]).toEqual(["failed", "budget_tokens"]);
  expect(await used()).toMatchObject({ tokens: 2_000 });
});

test("a batch without a ceiling is charged nothing", async () => {
  const { ids, used } = await batchOf({}, 2);
  for (const id of ids) await deliverTo(bench(), [id]);
  expect((await rowOf(ids[1] ?? "")).status).toBe("succeeded");
  expect(await used()).toEqual({ tokens: 0, dollars: 0 });
});

test("a write whose answer was lost is charged once", async () => {
  const calling = billed({
    tool_calls: [{ id: "1", type: "function", function: { name: "list_files", arguments: "{}" } }],
  });
  const { ids, used } = await batchOf({ tokens: 9_000 }, 1, {
    prompt: "p",
    rehearsal: [calling, billed({})],
  });
  await deliverTo(bench({ DB: losingDatabase(/^batch$/) }), ids);
  expect((await rowOf(ids[0] ?? "")).status).toBe("succeeded");
  expect(await used()).toMatchObject({ tokens: 2_000 });
});
