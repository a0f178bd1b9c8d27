import { describe, expect, it } from "vitest";
import { countTasks, send, task, testFleet } from "../client.ts";

interface View {
  id: string;
  status: string;
  model: string;
  labels: Record<string, string>;
  usage: Record<string, number>;
}

describe("submitting a task", () => {
  it("a valid task is answered with 202 and its message is sent", async () => {
    const fleet = testFleet();
    const answer = await send(fleet, "POST", "/v1/tasks", task({ labels: { team: "ops" } }));
    expect(answer.status).toBe(202);
    const view = await answer.json<View>();
    expect(view).toMatchObject({
      status: "queued",
      reason: null,
      attempt: 0,
      batch_id: null,
      custom_id: null,
      labels: { team: "ops" },
      model: "rehearsal",
      policy: "default",
      sandbox: "isolate",
      started_at: null,
      finished_at: null,
      output: null,
      error: null,
      quirks: [],
    });
    expect(Object.keys(view.usage)).toEqual([
      "steps",
      "model_calls",
      "tool_calls",
      "prompt_tokens",
      "cached_tokens",
      "completion_tokens",
      "unpriced_tokens",
      "cost_usd",
      "egress_requests",
      "egress_bytes",
    ]);
    expect(fleet.tasks.sent).toEqual([
      { v: 1, task_id: view.id, model: "rehearsal", delaySeconds: 0 },
    ]);
    const read = await send(fleet, "GET", `/v1/tasks/${view.id}`);
    expect(read.status).toBe(200);
    expect(await read.json()).toEqual(view);
  });

  it("a task of low priority is sent to its own queue", async () => {
    const fleet = testFleet();
    await send(fleet, "POST", "/v1/tasks", task({ priority: "low" }));
    expect([fleet.tasks.sent.length, fleet.low.sent.length]).toEqual([0, 1]);
  });

  it("the message of a task with `not_before` is delayed", async () => {
    const fleet = testFleet();
    const notBefore = Date.now() + 3_600_000;
    const not_before = new Date(notBefore).toISOString();
    await send(fleet, "POST", "/v1/tasks", task({ not_before }));
    const [message] = fleet.tasks.sent;
    const leftSeconds = Math.floor((notBefore - Date.now()) / 1_000);
    expect(message?.delaySeconds).toBeGreaterThanOrEqual(leftSeconds);
    expect(message?.delaySeconds).toBeLessThanOrEqual(3_600);
  });

  it("a body that is too large for its row is stored completely in R2", async () => {
    const fleet = testFleet();
    const prompt = "x".repeat(100_000);
    const answer = await send(fleet, "POST", "/v1/tasks", task({ prompt }));
    const { id } = await answer.json<View>();
    const object = await fleet.env.OBJECTS.get(`tasks/default/${id}/task.json`);
    expect((await object?.json<{ prompt: string }>())?.prompt).toBe(prompt);
  });

  it("the list filters by label and has pages, newest first", async () => {
    const fleet = testFleet();
    const ids: string[] = [];
    for (const label of ["a", "b", "a"]) {
      const answer = await send(fleet, "POST", "/v1/tasks", task({ labels: { list: label } }));
      ids.push((await answer.json<View>()).id);
    }
    const first = await send(fleet, "GET", "/v1/tasks?label.list=a&limit=1");
    const firstPage = await first.json<{ tasks: View[]; next_cursor: string }>();
    expect(firstPage.tasks.map((view) => view.id)).toEqual([ids[2]]);
    const next = await send(fleet, "GET", `/v1/tasks?label.list=a&cursor=${firstPage.next_cursor}`);
    const secondPage = await next.json<{ tasks: View[]; next_cursor: null }>();
    expect(secondPage).toMatchObject({ tasks: [{ id: ids[0] }], next_cursor: null });
  });
});

describe("a submission with an idempotency key", () => {
  it.each([
    ["header", { "idempotency-key": "k-header" }, {}],
    ["field", {}, { idempotency_key: "k-field" }],
  ])("a submission with its key in the %s is stored once", async (_where, headers, fields) => {
    const fleet = testFleet();
    const first = await send(fleet, "POST", "/v1/tasks", task(fields), headers);
    const sent = { ...fields, ...task() };
    const second = await send(fleet, "POST", "/v1/tasks", sent, headers);
    expect([first.status, second.status]).toEqual([202, 200]);
    expect((await second.json<View>()).id).toBe((await first.json<View>()).id);
    const other = await send(
      fleet,
      "POST",
      "/v1/tasks",
      task({ ...fields, prompt: "No." }),
      headers,
    );
    expect(other.status).toBe(409);
    expect(fleet.tasks.sent).toHaveLength(1);
  });

  it("a submission that is sent fifty times at the same moment is stored once", async () => {
    const fleet = testFleet();
    const before = await countTasks();
    const answers = await Promise.all(
      Array.from({ length: 50 }, () =>
        send(fleet, "POST", "/v1/tasks", task(), { "idempotency-key": "k-fifty" }),
      ),
    );
    const ids = await Promise.all(answers.map(async (answer) => (await answer.json<View>()).id));
    expect(new Set(ids).size).toBe(1);
    expect(answers.filter((answer) => answer.status === 202)).toHaveLength(1);
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(49);
    expect(await countTasks()).toBe(before + 1);
  });

  it("a submission is rejected if the header and the field differ", async () => {
    const answer = await send(testFleet(), "POST", "/v1/tasks", task({ idempotency_key: "a" }), {
      "idempotency-key": "b",
    });
    expect(answer.status).toBe(422);
    expect(await answer.text()).toContain("Idempotency-Key");
  });
});
