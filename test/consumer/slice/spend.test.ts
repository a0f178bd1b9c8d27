import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { batchTaskId, newBatchId } from "../../../shared/ids.ts";
import { insertBatch } from "../../../shared/store/batches.ts";
import { redriveTasks } from "../../../shared/store/redrives.ts";
import { readSpend } from "../../../shared/store/spend.ts";
import { losingDatabase } from "../faulty_stores.ts";
import { accept, bench, deliverTo, rowOf, runTask } from "../harness.ts";

const model = "@cf/zai-org/glm-4.7-flash";
/** No test here is about the model's pace. */
const MODEL_PROFILES = JSON.stringify({ [model]: { requests_per_minute: 1e9 } });
const task = { prompt: "p", model, fallback_models: [] };
const neuronUsd = 0.000011;

afterEach(() => {
  vi.unstubAllGlobals();
});

beforeEach(async () => {
  await env.DB.prepare("DELETE FROM spend").run();
});

const reply = (call: string | null, neurons: number | null) => {
  const called = { id: "c", type: "function", function: { name: call, arguments: "{}" } };
  const said = call === null ? { content: "hi" } : { content: "", tool_calls: [called] };
  const usage = { prompt_tokens: 900, completion_tokens: 100 };
  return Response.json({
    choices: [{ finish_reason: "stop", message: { role: "assistant", ...said } }],
    usage: neurons === null ? usage : { ...usage, neurons },
  });
};

/** A model whose every call bills `neurons`; null is a status instead of a reply. */
function billing(neurons: number | null, turns: readonly (string | null | number)[]) {
  let turn = 0;
  const AI = {
    run: async () => {
      const said = turns[turn++] ?? null;
      return typeof said === "number" ? new Response("no", { status: said }) : reply(said, neurons);
    },
  };
  return bench({ AI, MODEL_PROFILES });
}

const spent = async () => (await readSpend(env.DB, "default", 1)).rows;

test("each call is in its tenant's ledger once, over slices and attempts", async () => {
  const on = billing(1_000, ["list_files", 503, null]);
  const row = await runTask(task, { bench: on });
  expect([row.status, row.attempt]).toEqual(["succeeded", 1]);
  const rows = await spent();
  expect(rows).toMatchObject([{ model, calls: 2, prompt_tokens: 1_800, completion_tokens: 200 }]);
  expect(rows[0]?.cost_usd).toBeCloseTo(2_000 * neuronUsd, 10);
});

test("a write whose answer was lost is charged once", async () => {
  const on = billing(1_000, ["list_files", 503, null]);
  const id = await accept(task);
  for (let n = 0; n < 2; n++) {
    await deliverTo({ ...on, env: { ...on.env, DB: losingDatabase(/^batch$/) } }, [id]);
    await env.DB.prepare("UPDATE tasks SET not_before = NULL WHERE id = ?1").bind(id).run();
  }
  expect((await rowOf(id)).status).toBe("succeeded");
  expect(await spent()).toMatchObject([{ calls: 2 }]);
});

test("a restart counts on: what the run before used stays spent", async () => {
  const on = billing(1_000, [400, "list_files", 400, null]);
  const row = await runTask(task, { bench: on });
  await deliverTo(on, [row.id]);
  expect(await spent()).toEqual([]);
  const again = async () => {
    const { id, fence } = await rowOf(row.id);
    const restart = { id, fence, spec: null, model, policy: "default", sandbox: "isolate" };
    const kind = { mode: "restart", overrides: [], repin: true } as const;
    await redriveTasks(env.DB, "default", kind, [{ ...restart, attempts: 3 }]);
    await deliverTo(on, [id]);
    return (await rowOf(id)).status;
  };
  expect([await again(), await again()]).toEqual(["failed", "succeeded"]);
  expect(await spent()).toMatchObject([{ calls: 2 }]);
});

test.each([
  [{}, 1_000],
  [{ MODEL_PROFILES: '{"m": {"price": {"input": 1, "output": 2}}}' }, 0],
])("with %j, %i tokens of an endpoint of one's own are unpriced", async (more, unpriced) => {
  vi.stubGlobal("fetch", async () => reply(null, null));
  const on = bench({ MODEL_BASE_URL: "http://model.invalid/v1", ...more });
  const row = await runTask({ ...task, model: "m" }, { bench: on });
  expect(JSON.parse(row.usage)).toMatchObject({ unpriced_tokens: unpriced });
  expect(await spent()).toMatchObject([{ model: "m", unpriced_tokens: unpriced }]);
});

test("a tenant at its ceiling has its tasks given back until 00:00 UTC, at no attempt", async () => {
  const on = billing(1_000, []);
  const capped = { ...on, env: { ...on.env, SPEND_PER_DAY_USD: "0.01,other=0" } };
  expect((await runTask(task, { bench: capped })).status).toBe("succeeded");
  const id = await accept(task);
  await deliverTo(capped, [id]);
  const row = await rowOf(id);
  expect([row.status, row.attempt]).toEqual(["queued", 0]);
  const midnight = Math.ceil(Date.now() / 86_400_000) * 86_400_000;
  expect(row.not_before ?? 0).toBeGreaterThanOrEqual(midnight - 1_000);
  const raised = { ...on, env: { ...on.env, SPEND_PER_DAY_USD: "0.02" } };
  await env.DB.prepare("UPDATE tasks SET not_before = NULL WHERE id = ?1").bind(id).run();
  await deliverTo(raised, [id]);
  expect((await rowOf(id)).status).toBe("succeeded");
});

test("a batch's dollars bound its workers together: at most one call each beyond the ceiling", async () => {
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
    ids.push(await accept(task, row));
  }
  const AI = { run: async () => reply("list_files", 1_000) };
  const on = bench({ AI, MODEL_PROFILES });
  const lanes = Array.from({ length: workers }, (_, lane) =>
    ids.filter((_id, n) => n % workers === lane),
  );
  await Promise.all(
    lanes.map(async (lane) => {
      for (const id of lane) await deliverTo(on, [id]);
    }),
  );
  const rows = await Promise.all(ids.map(rowOf));
  expect(new Set(rows.map(({ reason }) => reason))).toEqual(new Set(["budget_cost"]));
  const dollars = rows.reduce((sum, { usage }) => sum + Number(JSON.parse(usage).cost_usd ?? 0), 0);
  expect(dollars).toBeGreaterThanOrEqual(6 * price - 1e-9);
  expect(dollars).toBeLessThanOrEqual((6 + workers) * price + 1e-9);
});
