import { env } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import { egressLimits } from "../../../shared/limits.ts";
import { addUsage, noUsage } from "../../../shared/spend/usage.ts";
import type { EgressRow } from "../../../shared/store/egress/egress_log.ts";
import { claimTask } from "../../../shared/store/tasks/claims.ts";
import { writeSteps } from "../../../shared/store/tasks/journal.ts";
import type { NewStep } from "../../../shared/store/tasks/turn_rows.ts";
import type { DurableTask } from "../../../shared/task/task.ts";
import { callOf, modelStep, replyOf } from "../../loop/steps.ts";
import { send, testFleet } from "../../producer/client.ts";
import {
  acceptTask,
  deliverMessages,
  finalAnswer,
  readRow,
  readSteps,
  testConsumer,
  toolCall,
} from "../harness.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

const url = "https://orders.example/v1/orders";
const posting = { url, method: "POST", body: "{}" };
const startedAt = Date.UTC(2026, 10, 25, 9, 30);
const task: DurableTask = {
  prompt: "p",
  policy: "demo",
  rehearsal: [toolCall("fetch_url", posting), finalAnswer()],
};
const row: EgressRow = {
  n: 1,
  at: startedAt + 5,
  method: "POST",
  url,
  host: "orders.example",
  action: "inject",
  policy: "demo",
  rule: 0,
  reason: "rule",
  credential: "ORDERS",
  status: null,
  bytes_in: 0,
  bytes_out: 2,
  duration_ms: 0,
};

/** A task whose worker died while it sent an order: the intent and the decision are journaled. */
async function taskWithOpenEffect(
  fields: Partial<DurableTask> = {},
  requests = 1,
): Promise<string> {
  const id = await acceptTask({ ...task, ...fields });
  const { fence = 0 } = (await claimTask(env.DB, id, "{}")) ?? {};
  const order = callOf("call00001", { name: "fetch_url", arguments: posting });
  const { payload } = modelStep(replyOf({ calls: [order], finish: "calls" }));
  const head = { started_at: startedAt, duration_ms: 1, payload_key: null };
  const model: NewStep = {
    ...head,
    seq: 1,
    kind: "model",
    name: "rehearsal",
    status: "done",
    payload: JSON.stringify({ ...payload, model: "rehearsal" }),
    usage: addUsage(noUsage, { steps: 1, model_calls: 1 }),
  };
  const { id: call_id, name, arguments: args } = order;
  const call = { kind: "tool", call_id, name, arguments: args, text: "", ok: false };
  const intent: NewStep = {
    ...model,
    seq: 2,
    kind: "tool",
    name,
    status: "intent",
    payload: JSON.stringify(call),
  };
  const rows = Array.from({ length: requests }, (_, n) => ({ ...row, n: n + 1 }));
  await writeSteps(env.DB, { id, fence }, [model, intent], { seq: 2, rows });
  await expireLease(id);
  return id;
}

const expireLease = (id: string) =>
  env.DB.prepare("UPDATE tasks SET lease_until = 0, not_before = NULL WHERE id = ?1")
    .bind(id)
    .run();

/** Records the orders that arrive from now on. */
function recordOrders(): string[] {
  const received: string[] = [];
  vi.stubGlobal("fetch", async (input: string, init: RequestInit) => {
    received.push(`${init.method} ${input}`);
    return Response.json({ ok: true });
  });
  return received;
}

const secret = { SECRET_ORDERS_TOKEN: "s3cret-value-of-orders" };

test("an effect without an outcome ends the task with what is known of it", async () => {
  const received = recordOrders();
  const id = await taskWithOpenEffect();
  await deliverMessages(testConsumer(secret), [id]);
  const { status, reason, error } = await readRow(id);
  expect([status, reason, received]).toEqual(["failed", "uncertain_effect", []]);
  expect(JSON.parse(error ?? "")).toMatchObject({
    code: "effect_uncertain",
    last_step: "2 fetch_url",
    message: expect.stringMatching(
      /Step 2, fetch_url, started at 2026-11-25T09:30:00.000Z .*POST https:\/\/orders.example\/v1\/orders/,
    ),
    uncertain: {
      step: 2,
      tool: "fetch_url",
      began_at: "2026-11-25T09:30:00.000Z",
      requests: [{ at: "2026-11-25T09:30:00.005Z", method: "POST", url, status: null }],
    },
  });
});

test("an effect with many requests lists the first ones and counts the rest", async () => {
  const id = await taskWithOpenEffect({}, egressLimits.uncertainShownMax + 1);
  await deliverMessages(testConsumer(), [id]);
  const error = JSON.parse((await readRow(id)).error ?? "");
  expect(error.uncertain.requests).toHaveLength(egressLimits.uncertainShownMax);
  expect(error.message).toContain("1 more (see the task's egress)");
});

test("a cancelled task reports its effect without an outcome", async () => {
  const id = await taskWithOpenEffect();
  await env.DB.prepare("UPDATE tasks SET cancel_requested_at = 1 WHERE id = ?1").bind(id).run();
  await deliverMessages(testConsumer(), [id]);
  const { status, error } = await readRow(id);
  expect(status).toBe("cancelled");
  expect(JSON.parse(error ?? "")).toMatchObject({ uncertain: { step: 2, tool: "fetch_url" } });
});

test("requests of a run before a restart are not reported for this run", async () => {
  const id = await taskWithOpenEffect();
  await env.DB.prepare("UPDATE egress_log SET fence = 0, n = 2 WHERE task_id = ?1").bind(id).run();
  await deliverMessages(testConsumer(), [id]);
  const { error } = await readRow(id);
  expect(JSON.parse(error ?? "")).toMatchObject({
    message: expect.stringContaining("The log has no request with effects of this step."),
    uncertain: { requests: [] },
  });
});

test("a call starts again as the same step when `on_uncertain` is `retry`", async () => {
  const received = recordOrders();
  const id = await taskWithOpenEffect({ on_uncertain: "retry" });
  await deliverMessages(testConsumer(secret), [id]);
  expect((await readRow(id)).status).toBe("succeeded");
  expect(received).toEqual([`POST ${url}`]);
  const steps = await readSteps(id);
  expect(steps.map(({ seq, name, status }) => [seq, name, status])).toEqual([
    [1, "rehearsal", "done"],
    [2, "fetch_url", "done"],
    [3, "rehearsal", "done"],
  ]);
});

test("a resume with `on_uncertain: retry` starts only that call again, as the same step", async () => {
  const id = await taskWithOpenEffect();
  await deliverMessages(testConsumer(secret), [id]);
  const body = { mode: "resume", overrides: { on_uncertain: "retry" } };
  const answer = await send(testFleet(), "POST", `/v1/tasks/${id}/redrive`, body);
  expect(answer.status).toBe(202);
  const received = recordOrders();
  await deliverMessages(testConsumer(secret), [id]);
  expect((await readRow(id)).status).toBe("succeeded");
  expect(received).toEqual([`POST ${url}`]);
  const steps = await readSteps(id);
  expect(steps.map(({ seq, name, status }) => `${seq} ${name} ${status}`)).toEqual([
    "1 rehearsal done",
    "2 fetch_url done",
    "3 rehearsal done",
  ]);
});

test("a task is dead when its workers die in the effect in every attempt", async () => {
  const id = await taskWithOpenEffect({ on_uncertain: "retry", attempts: 2 });
  for (let n = 0; n < 3; n++) {
    await claimTask(env.DB, id, "{}");
    await expireLease(id);
  }
  await deliverMessages(testConsumer(), [id]);
  expect(await readRow(id)).toMatchObject({ status: "dead", attempt: 2 });
});
