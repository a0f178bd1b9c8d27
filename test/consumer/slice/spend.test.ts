import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { batchTaskId, newBatchId } from "../../../shared/identity/ids.ts";
import { insertBatch } from "../../../shared/store/batches/batches.ts";
import { redriveTasks } from "../../../shared/store/tasks/redrives.ts";
import { readSpend } from "../../../shared/store/usage/spend.ts";
import { databaseLosingReply } from "../faulty_stores.ts";
import { acceptTask, deliverMessages, readRow, runTask, testConsumer } from "../harness.ts";

const model = "@cf/zai-org/glm-4.7-flash";
/** These tests are not about rate limits. */
const MODEL_PROFILES = JSON.stringify({ [model]: { requests_per_minute: 1e9 } });
const task = { prompt: "p", model, fallback_models: [] };
const neuronUsd = 0.000011;

afterEach(() => {
  vi.unstubAllGlobals();
});

beforeEach(async () => {
  await env.DB.prepare("DELETE FROM spend").run();
});

const replyWith = (call: string | null, neurons: number | null) => {
  const toolCall = { id: "c", type: "function", function: { name: call, arguments: "{}" } };
  const content = call === null ? { content: "hi" } : { content: "", tool_calls: [toolCall] };
  const usage = { prompt_tokens: 900, completion_tokens: 100 };
  return Response.json({
    choices: [{ finish_reason: "stop", message: { role: "assistant", ...content } }],
    usage: neurons === null ? usage : { ...usage, neurons },
  });
};

/** A model whose calls cost `neurons` each. A turn is a tool to call, null for an answer, or an error status. */
function consumerWithTurns(neurons: number | null, turns: readonly (string | null | number)[]) {
  let turn = 0;
  const AI = {
    run: async () => {
      const next = turns[turn++] ?? null;
      return typeof next === "number"
        ? new Response("no", { status: next })
        : replyWith(next, neurons);
    },
  };
  return testConsumer({ AI, MODEL_PROFILES });
}

const readLedger = async () => (await readSpend(env.DB, "default", 1)).rows;

test("the ledger has each call once, across slices and faults", async () => {
  const on = consumerWithTurns(1_000, ["list_files", 503, null]);
  const row = await runTask(task, { consumer: on });
  expect([row.status, row.attempt]).toEqual(["succeeded", 0]);
  const rows = await readLedger();
  expect(rows).toMatchObject([{ model, calls: 2, prompt_tokens: 1_800, completion_tokens: 200 }]);
  expect(rows[0]?.cost_usd).toBeCloseTo(2_000 * neuronUsd, 10);
});

test("a write whose reply was lost is charged once", async () => {
  const on = consumerWithTurns(1_000, ["list_files", 503, null]);
  const id = await acceptTask(task);
  for (let n = 0; n < 2; n++) {
    await deliverMessages({ ...on, env: { ...on.env, DB: databaseLosingReply(/^batch$/) } }, [id]);
    await env.DB.prepare("UPDATE tasks SET not_before = NULL WHERE id = ?1").bind(id).run();
  }
  expect((await readRow(id)).status).toBe("succeeded");
  expect(await readLedger()).toMatchObject([{ calls: 2 }]);
});

test("a restart adds to what the earlier run spent", async () => {
  const on = consumerWithTurns(1_000, [400, "list_files", 400, null]);
  const row = await runTask(task, { consumer: on });
  await deliverMessages(on, [row.id]);
  expect(await readLedger()).toEqual([]);
  const restartTask = async () => {
    const { id, fence } = await readRow(row.id);
    const restart = {
      id,
      fence,
      spec: JSON.stringify(task),
      error: null,
      model,
      policy: "default",
      sandbox: "isolate",
    };
    const kind = { mode: "restart", overrides: [], repin: true } as const;
    await redriveTasks(env.DB, "default", kind, [{ ...restart, attempts: 3 }]);
    await deliverMessages(on, [id]);
    return (await readRow(id)).status;
  };
  expect([await restartTask(), await restartTask()]).toEqual(["failed", "succeeded"]);
  expect(await readLedger()).toMatchObject([{ calls: 2 }]);
});

test.each([
  [{}, 1_000],
  [{ MODEL_PROFILES: '{"m": {"price": {"input": 1, "output": 2}}}' }, 0],
])("with %j, %i tokens of an own endpoint are unpriced", async (fields, unpriced) => {
  vi.stubGlobal("fetch", async () => replyWith(null, null));
  const on = testConsumer({ MODEL_BASE_URL: "http://model.invalid/v1", ...fields });
  const row = await runTask({ ...task, model: "m" }, { consumer: on });
  expect(JSON.parse(row.usage)).toMatchObject({ unpriced_tokens: unpriced });
  expect(await readLedger()).toMatchObject([{ model: "m", unpriced_tokens: unpriced }]);
});

test("the tasks of a tenant that has reached its spend ceiling are requeued until 00:00 UTC without an attempt", async () => {
  const on = consumerWithTurns(1_000, []);
  const capped = { ...on, env: { ...on.env, SPEND_PER_DAY_USD: "0.01,other=0" } };
  expect((await runTask(task, { consumer: capped })).status).toBe("succeeded");
  const id = await acceptTask(task);
  await deliverMessages(capped, [id]);
  const row = await readRow(id);
  expect([row.status, row.attempt]).toEqual(["queued", 0]);
  const midnight = Math.ceil(Date.now() / 86_400_000) * 86_400_000;
  expect(row.not_before ?? 0).toBeGreaterThanOrEqual(midnight - 1_000);
  const raised = { ...on, env: { ...on.env, SPEND_PER_DAY_USD: "0.02" } };
  await env.DB.prepare("UPDATE tasks SET not_before = NULL WHERE id = ?1").bind(id).run();
  await deliverMessages(raised, [id]);
  expect((await readRow(id)).status).toBe("succeeded");
});

test("concurrent workers exceed a batch's dollar limit by at most one call each", async () => {
  const workers = 4;
  const batch = newBatchId();
  const price = 1_000 * neuronUsd;
  await insertBatch(env.DB, {
    id: batch,
    tenant: "default",
    idempotency_key: null,
    body_hash: null,
    total: 12,
    input_key: "none",
    defaults: "{}",
    labels: "{}",
    limits: JSON.stringify({ cost_usd: 6 * price }),
  } as Parameters<typeof insertBatch>[1]);
  const ids: string[] = [];
  for (let index = 0; index < 12; index++) {
    const row = { id: batchTaskId(batch, index), batch_id: batch, batch_index: index };
    ids.push(await acceptTask(task, row));
  }
  const AI = { run: async () => replyWith("list_files", 1_000) };
  const on = testConsumer({ AI, MODEL_PROFILES });
  const lanes = Array.from({ length: workers }, (_, lane) =>
    ids.filter((_id, n) => n % workers === lane),
  );
  await Promise.all(
    lanes.map(async (lane) => {
      for (const id of lane) await deliverMessages(on, [id]);
    }),
  );
  const rows = await Promise.all(ids.map(readRow));
  expect(new Set(rows.map(({ reason }) => reason))).toEqual(new Set(["budget_cost"]));
  const dollars = rows.reduce((sum, { usage }) => sum + Number(JSON.parse(usage).cost_usd ?? 0), 0);
  expect(dollars).toBeGreaterThanOrEqual(6 * price - 1e-9);
  expect(dollars).toBeLessThanOrEqual((6 + workers) * price + 1e-9);
});
