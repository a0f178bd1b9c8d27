import { env } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import { claim } from "../../../shared/store/claims.ts";
import type { EgressRow } from "../../../shared/store/egress_log.ts";
import { type NewStep, writeSteps } from "../../../shared/store/journal.ts";
import type { DurableTask } from "../../../shared/task.ts";
import { addUsage, noUsage } from "../../../shared/usage.ts";
import { callOf, modelStep, replyOf } from "../../loop/steps.ts";
import { send, testFleet } from "../../producer/client.ts";
import { accept, bench, call, deliverTo, finish, rowOf, stepsOf } from "../harness.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

const url = "https://orders.example/v1/orders";
const posting = { url, method: "POST", body: "{}" };
const began = Date.UTC(2026, 10, 25, 9, 30);
const task: DurableTask = {
  prompt: "p",
  policy: "demo",
  rehearsal: [call("fetch_url", posting), finish()],
};
const row: EgressRow = {
  n: 1,
  at: began + 5,
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

/** A task whose worker died while its order was on its way: the intent and the decision are journaled. */
async function struck(more: Partial<DurableTask> = {}): Promise<string> {
  const id = await accept({ ...task, ...more });
  const { fence = 0 } = (await claim(env.DB, id, "{}")) ?? {};
  const order = callOf("call00001", { name: "fetch_url", arguments: posting });
  const { payload } = modelStep(replyOf({ calls: [order], finish: "calls" }));
  const head = { started_at: began, duration_ms: 1, payload_key: null };
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
  const open = { kind: "tool", call_id, name, arguments: args, text: "", ok: false };
  const intent: NewStep = {
    ...model,
    seq: 2,
    kind: "tool",
    name,
    status: "intent",
    payload: JSON.stringify(open),
  };
  await writeSteps(env.DB, { id, fence }, [model, intent], { seq: 2, rows: [row] });
  await lapse(id);
  return id;
}

const lapse = (id: string) =>
  env.DB.prepare("UPDATE tasks SET lease_until = 0, not_before = NULL WHERE id = ?1")
    .bind(id)
    .run();

/** The orders that arrive from here on. */
function orders(): string[] {
  const seen: string[] = [];
  vi.stubGlobal("fetch", async (input: string, init: RequestInit) => {
    seen.push(`${init.method} ${input}`);
    return Response.json({ ok: true });
  });
  return seen;
}

const secret = { SECRET_ORDERS_TOKEN: "s3cret-value-of-orders" };

test("an effect without an outcome ends the task with all that is known of it", async () => {
  const seen = orders();
  const id = await struck();
  await deliverTo(bench(secret), [id]);
  const { status, reason, error } = await rowOf(id);
  expect([status, reason, seen]).toEqual(["failed", "uncertain_effect", []]);
  expect(JSON.parse(error ?? "")).toMatchObject({
    code: "effect_uncertain",
    last_step: "2 fetch_url",
    message: expect.stringMatching(
      /Step 2, fetch_url, began at 2026-11-25T09:30:00.000Z .*POST https:\/\/orders.example\/v1\/orders/,
    ),
    uncertain: {
      step: 2,
      tool: "fetch_url",
      began_at: "2026-11-25T09:30:00.000Z",
      requests: [{ at: "2026-11-25T09:30:00.005Z", method: "POST", url, status: null }],
    },
  });
});

test("a cancel does not hide an effect that is left open", async () => {
  const id = await struck();
  await env.DB.prepare("UPDATE tasks SET cancel_requested_at = 1 WHERE id = ?1").bind(id).run();
  await deliverTo(bench(), [id]);
  const { status, error } = await rowOf(id);
  expect(status).toBe("cancelled");
  expect(JSON.parse(error ?? "")).toMatchObject({ uncertain: { step: 2, tool: "fetch_url" } });
});

test("requests of a run before a restart are not taken for this one's", async () => {
  const id = await struck();
  await env.DB.prepare("UPDATE egress_log SET fence = 0, n = 2 WHERE task_id = ?1").bind(id).run();
  await deliverTo(bench(), [id]);
  const { error } = await rowOf(id);
  expect(JSON.parse(error ?? "")).toMatchObject({
    message: expect.stringContaining("No request with effects of it is logged."),
    uncertain: { requests: [] },
  });
});

test("with on_uncertain retry the call starts again as the same step", async () => {
  const seen = orders();
  const id = await struck({ on_uncertain: "retry" });
  await deliverTo(bench(secret), [id]);
  expect((await rowOf(id)).status).toBe("succeeded");
  expect(seen).toEqual([`POST ${url}`]);
  const steps = await stepsOf(id);
  expect(steps.map(({ seq, name, status }) => [seq, name, status])).toEqual([
    [1, "rehearsal", "done"],
    [2, "fetch_url", "done"],
    [3, "rehearsal", "done"],
  ]);
});

test("a resume that asks for it starts the call again as the same step, and nothing before it", async () => {
  const id = await struck();
  await deliverTo(bench(secret), [id]);
  const body = { mode: "resume", overrides: { on_uncertain: "retry" } };
  const answer = await send(testFleet(), "POST", `/v1/tasks/${id}/redrive`, body);
  expect(answer.status).toBe(202);
  const seen = orders();
  await deliverTo(bench(secret), [id]);
  expect((await rowOf(id)).status).toBe("succeeded");
  expect(seen).toEqual([`POST ${url}`]);
  const steps = await stepsOf(id);
  expect(steps.map(({ seq, name, status }) => `${seq} ${name} ${status}`)).toEqual([
    "1 rehearsal done",
    "2 fetch_url done",
    "3 rehearsal done",
  ]);
});

test("workers that die in the effect again and again use up the task's attempts", async () => {
  const id = await struck({ on_uncertain: "retry", attempts: 2 });
  for (let n = 0; n < 3; n++) {
    await claim(env.DB, id, "{}");
    await lapse(id);
  }
  await deliverTo(bench(), [id]);
  expect(await rowOf(id)).toMatchObject({ status: "dead", attempt: 2 });
});
